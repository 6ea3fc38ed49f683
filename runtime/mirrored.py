"""What came of mirroring: how a shadow's answers differ from those that were given."""

from lading.bundles.records import Record


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
    """What the shadow took for its requests."""

    def __add__(self, other: "Mirrored") -> "Mirrored":
        """What came of both."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in Mirrored.model_fields}
        return Mirrored(**{**sums, "largest": max(self.largest, other.largest)})
