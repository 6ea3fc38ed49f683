"""Happenings: changes of what is deployed, as those who ask a server hear of them."""

from lading.bundles.records import Record


class Happening(Record):
    """One change of what answers to a name."""

    number: int
    """All changes of the server are counted, from 1."""
    time: str
    """In UTC, as ISO 8601 has it."""
    action: str
    name: str
    before: str | None
    """The version that answered before; None where nothing did."""
    after: str | None
    tried: str | None = None
    """The version of the canary or the shadow that it is about."""
    allow_older: bool = False
    """Whether an older version was allowed to take the place of a newer one."""
    who: str | None = None
    """Who made it, where those who ask may know."""
    why: str | None = None
    """The same of the reason."""
