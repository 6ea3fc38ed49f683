"""What came of mirroring: how a shadow's answers differ from those that were given, and what it took for them."""

from lading.bundles.records import Digest, Record
from lading.runtime.tally import POWERS


class Mirrored(Record):
    """What came of it so far."""

    requests: int = 0
    """Those that the shadow was asked too."""
    skipped: int = 0
    """Those that it was not: it had computed for its share of the time, or was busy."""
    failed: int = 0
    """Those that it did not answer."""
    rows: int = 0
    differing: int = 0
    """Rows with an answer outside the tolerance."""
    label_flips: int = 0
    largest: float = 0.0
    """The largest absolute difference of a number."""
    seconds: float = 0.0
    """What the shadow took for its requests, comparing included."""
    compute_ns: int = 0
    """What it was in ONNX Runtime for those that it answered, in nanoseconds."""
    compute_histogram: tuple[int, ...] = (0,) * POWERS
    """How many of these took how many nanoseconds of that, as a tally counts them."""

    @property
    def answered(self) -> int:
        """Those that it answered."""
        return self.requests - self.failed

    def __add__(self, other: "Mirrored") -> "Mirrored":
        """What came of both."""
        names = set(Mirrored.model_fields) - {"largest", "compute_histogram"}
        both = zip(self.compute_histogram, other.compute_histogram, strict=True)
        return Mirrored(
            largest=max(self.largest, other.largest),
            compute_histogram=tuple(map(sum, both)),
            **{name: getattr(self, name) + getattr(other, name) for name in names},
        )


class Shadowed(Record):
    """What came of one shadow."""

    name: str
    """The name whose requests it is asked too."""
    version: str
    digest: Digest
    seen: Mirrored
