"""The measures: a model's metrics, each with the data that it was measured on, where that is known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lading.bundles.provenance import Data, Provenance
from lading.bundles.signature import Signature

TRAINING = "training"


@dataclass(frozen=True)
class Measure:
    """One metric."""

    name: str
    """Without the word for the data: ``accuracy_score``."""
    value: float
    role: str | None = None
    """What the data was used for; ``None`` where nobody has said which data it was."""
    data: Data | None = None


def data_by_role(provenance: Provenance) -> Mapping[str, Data]:
    """All data that the provenance names, that of the training first."""
    further = {} if provenance.datasets is None else dict(sorted(provenance.datasets.items()))
    return {TRAINING: provenance.data, **further}


def measures(provenance: Provenance) -> Iterator[Measure]:
    """Every metric, in the order of the names; ``test_accuracy`` was measured on the data called ``test``."""
    data = data_by_role(provenance)
    longest_first = sorted(data, key=len, reverse=True)
    for name, value in sorted(provenance.experiment.metrics.items()):
        role = next((role for role in longest_first if name.startswith(f"{role}_")), None)
        if role is None:
            yield Measure(name, value)
        else:
            yield Measure(name.removeprefix(f"{role}_"), value, role, data[role])


def task(signature: Signature) -> str | None:
    """What the model does, in the words that model cards share; ``None`` where its outputs do not tell."""
    meanings = {output.meaning for output in signature.outputs}
    if signature.form not in ("frame", "array"):
        return None
    if "label" in meanings or "probabilities" in meanings:
        return "tabular-classification"
    return "tabular-regression" if "value" in meanings else None
