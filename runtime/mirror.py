"""The mirror: a shadow model is asked what another one was asked, and only the differences are told."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from lading.bundles.signature import Signature
from lading.bundles.tensors.comparing import check_shapes, compare
from lading.core.errors import UsageError
from lading.runtime.batching import joined
from lading.runtime.mirrored import Mirrored, Shadowed
from lading.runtime.model import Feeds, Model
from lading.runtime.pool import give_way
from lading.runtime.tally import POWERS, bucket

SHARE = 0.01
"""The most of the time that a shadow takes, of one core in each replica."""
LOOK_SECONDS = 0.05
"""How often it is looked whether anything waits for the shadow: whoever answers a request has no thread to wake."""
TURN_SECONDS = 0.005
"""After so long no more is asked of the shadow before the answers to what was asked are compared."""
ROOM = 1 << 18
"""The bytes of requests and answers that wait for the shadow; the last of them may be larger than what is left."""
LEAST = ROOM // 32
"""What even the smallest takes of them."""


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


class Asked(NamedTuple):
    """A request that both answered."""

    feeds: Feeds
    expected: Feeds
    """What the model answered."""
    found: Feeds
    """What the shadow did."""
    nanoseconds: int
    """How long the shadow was in ONNX Runtime for it."""

    @property
    def rows(self) -> int:
        """The rows that were answered."""
        return len(next(iter(self.expected.values())))


class Mirror:
    """Asks ``shadow`` what ``model`` was asked, as often as it can in its share of the time, in a thread of its own.

    The thread asks some requests one after the other and compares their answers in one. What is the shadow's is cold
    when its turn comes, which costs many times what one request does.
    """

    def __init__(self, model: Model, shadow: Model) -> None:
        self.shadow = shadow
        self._model = model
        self._sums = Mirrored()
        self._skipped = 0
        self._histogram = [0] * POWERS
        self._waiting: deque[tuple[Feeds, Feeds]] = deque()
        self._room = ROOM
        self._closed = threading.Event()
        threading.Thread(target=self._work, name="lading-mirror", daemon=True).start()

    def offer(self, feeds: Feeds, outputs: Feeds) -> None:
        """What the model was asked and what it answered; it is passed over where enough is waiting for the shadow."""
        if self._room <= 0:
            self._skipped += 1
            return
        self._room -= max(LEAST, _size(feeds, outputs))
        self._waiting.append((feeds, outputs))

    def told(self) -> Mirrored:
        """What came of it so far."""
        counted = {"skipped": self._skipped, "compute_histogram": tuple(self._histogram)}
        return self._sums.model_copy(update=counted)

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()

    def _work(self) -> None:
        give_way()
        pause = LOOK_SECONDS
        while not self._closed.wait(pause):
            begun = time.monotonic()
            if self._waiting:
                self._turn(begun)
            if not self._waiting:
                self._room = ROOM
            pause = max(LOOK_SECONDS, (time.monotonic() - begun) / SHARE)

    def _turn(self, begun: float) -> None:
        """Ask what waits since before ``begun``, and count what came of it."""
        answered: list[Asked] = []
        failed = 0
        while self._waiting and time.monotonic() < begun + TURN_SECONDS:
            asked = self._ask(*self._waiting.popleft())
            if asked is None:
                failed += 1
            else:
                answered.append(asked)
        came = self._compared(answered)
        self._sums += came + Mirrored(requests=failed, failed=failed, seconds=time.monotonic() - begun)

    def _ask(self, feeds: Feeds, outputs: Feeds) -> Asked | None:
        """The same of the shadow; None where it fails."""
        run = self.shadow.begin()
        run.give_back()
        try:
            found = self.shadow.run(feeds, run)
            check_shapes(self._model.signature, outputs, found)
        except Exception:  # whatever it is, the shadow failed where the model answered
            return None
        return Asked(feeds, outputs, found, run.ended - run.began)

    def _compared(self, answered: Sequence[Asked]) -> Mirrored:
        """What came of those that were answered, of which those whose answers have the same extents are compared in one."""
        alike: dict[tuple[tuple[int, ...], ...], list[Asked]] = {}
        for asked in answered:
            alike.setdefault(tuple(tensor.shape[1:] for tensor in asked.expected.values()), []).append(asked)
        return sum(map(self._differing, alike.values()), Mirrored())

    def _differing(self, answered: Sequence[Asked]) -> Mirrored:
        signature, tolerance = self._model.signature, self._model.parity.tolerance
        expected, found = joined([one.expected for one in answered]), joined([one.found for one in answered])
        seen = compare(signature, expected, found, tolerance)
        self.shadow.observed.offer_large([(one.feeds, one.rows) for one in answered])
        for one in answered:
            self._histogram[bucket(one.nanoseconds)] += 1
        return Mirrored(
            compute_ns=sum(one.nanoseconds for one in answered),
            requests=len(answered),
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


def _size(feeds: Feeds, outputs: Feeds) -> int:
    """In bytes; of texts the references to them."""
    return sum(tensor.nbytes for tensor in chain(feeds.values(), outputs.values()))
