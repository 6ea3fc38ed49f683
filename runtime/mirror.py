"""The mirror: a shadow model is asked what another one was asked, and only the differences are told."""

import threading
import time
from collections.abc import Iterable, Mapping

from lading.bundles.signature import Signature
from lading.bundles.tensors.comparing import compare
from lading.core.errors import UsageError
from lading.runtime.mirrored import Mirrored, Shadowed
from lading.runtime.model import Feeds, Model
from lading.runtime.pool import give_way
from lading.runtime.tally import POWERS, bucket

SHARE = 0.05
"""The most of the time that a shadow computes."""


class UnlikeShadowError(UsageError):
    """A shadow takes or answers other tensors than the model that it is to shadow."""

    def __init__(self, model: str, shadow: str) -> None:
        super().__init__(model, shadow)
        self.model, self.shadow = model, shadow

    def __str__(self) -> str:
        return (
            f"{self.shadow} takes or answers other tensors than {self.model}, so that their answers cannot be compared; "
            "try it as a canary"
        )


class Mirror:
    """Asks ``shadow`` what ``model`` was asked, as often as it can in its share of the time, in a thread of its own."""

    def __init__(self, model: Model, shadow: Model) -> None:
        self.shadow = shadow
        self._model = model
        self._sums = Mirrored()
        self._skipped = 0
        self._histogram = [0] * POWERS
        self._asked: tuple[Feeds, Feeds] | None = None
        self._free = 0.0
        self._closed = False
        self._called = threading.Semaphore(0)
        threading.Thread(target=self._work, name="lading-mirror", daemon=True).start()

    def offer(self, feeds: Feeds, outputs: Feeds) -> None:
        """What the model was asked and what it answered; it is passed over unless the shadow is free."""
        if self._asked is not None or time.monotonic() < self._free:
            self._skipped += 1
            return
        self._asked = feeds, outputs
        self._called.release()

    def told(self) -> Mirrored:
        """What came of it so far."""
        counted = {"skipped": self._skipped, "compute_histogram": tuple(self._histogram)}
        return self._sums.model_copy(update=counted)

    def close(self) -> None:
        """Ask no more."""
        self._closed = True
        self._called.release()

    def _work(self) -> None:
        give_way()
        while True:
            self._called.acquire()
            if self._closed:
                return
            if self._asked is not None:
                begun = time.monotonic()
                self._compare(*self._asked)
                taken = time.monotonic() - begun
                self._sums = self._sums.model_copy(update={"seconds": self._sums.seconds + taken})
                self._free = begun + taken / SHARE
                self._asked = None

    def _compare(self, feeds: Feeds, outputs: Feeds) -> None:
        run = self.shadow.begin()
        run.give_back()
        try:
            found = self.shadow.run(feeds, run)
            seen = compare(self._model.signature, outputs, found, self._model.parity.tolerance)
        except Exception:  # whatever it is, the shadow failed where the model answered
            self._sums += Mirrored(requests=1, failed=1)
            return
        self.shadow.observed.offer_large(feeds, seen.rows)
        compute_ns = run.ended - run.began
        self._histogram[bucket(compute_ns)] += 1
        self._sums += Mirrored(
            compute_ns=compute_ns,
            requests=1,
            rows=seen.rows,
            differing=len(seen.failed_rows),
            label_flips=seen.label_flips,
            largest=max((output.max_absolute for output in seen.outputs), default=0.0),
        )


def shadowed(models: Iterable[Model]) -> tuple[Shadowed, ...]:
    """What came in this process of the shadows of ``models``."""
    mirrors = (model.mirror for model in models if model.mirror is not None)
    return tuple(
        Shadowed(name=one.shadow.name, version=one.shadow.version, digest=one.shadow.digest, seen=one.told())
        for one in mirrors
    )


def check_alike(model: Model, shadow: Model) -> None:
    """Raise ``UnlikeShadowError`` where ``shadow`` cannot be asked what ``model`` is."""
    if _shape(model.signature) != _shape(shadow.signature):
        raise UnlikeShadowError(model.manifest.deployment, shadow.manifest.deployment)


def _shape(signature: Signature) -> Mapping[str, object]:
    """All that must be equal."""
    outputs = [(output.tensor, output.meaning) for output in signature.outputs]
    return {"form": signature.form, "inputs": signature.inputs, "outputs": outputs}
