"""Strangers: what they write where a manifest lets them write what they like."""

from lading.bundles.provenance import Data, Provenance, Run, TrackedData, Training

FURTHER = "sha256:" + "1" * 64
"""The digest of the further data."""


def saying(text: str, was: Provenance) -> Provenance:
    """The provenance in which every text that is free says ``text``, with a run, further data and a training."""
    data = was.data.model_copy(update=dict.fromkeys(("name", "source", "target"), text))
    texts = dict.fromkeys(("tracker", "id", "name", "experiment", "server", "user", "started"), text)
    tracked = TrackedData(name=text, digest=text, source=text, context=text)
    run = Run(**texts, parameters={text: text}, tags={text: text}, datasets=(tracked,))
    training = Training(call=text, digest=was.data.digest, target_digest=was.data.digest, rows=3)
    made = {"estimator": text, "parameters": {text: text}, "metrics": {text: 1.0}, "run": run, "training": training}
    return was.model_copy(
        update={
            "data": data,
            "datasets": {text: Data(digest=FURTHER, rows=3, columns=1, name=text, source=text, target=text)},
            "experiment": was.experiment.model_copy(update=made),
            "code": was.code.model_copy(update={"repository": text, "entry_point": text}),
            "author": text,
            "tags": {text: text},
        }
    )
