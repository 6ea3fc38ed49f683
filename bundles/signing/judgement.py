"""The judgement: what one file of evidence says, and what that is worth."""

from typing import Literal

from lading.bundles.records import Record


class Judgement(Record):
    """What one file of evidence says, and what that is worth."""

    file: str
    """Its path inside the bundle."""
    kind: str | None = None
    """What it is about: a kind of evidence, or the predicate type where that is none known here; None when it cannot be read."""
    outcome: Literal["verified", "failed", "unsigned", "not trusted", "broken"]
    keys: tuple[str, ...] = ()
    """Who vouches for it: the names of trusted keys."""
    why: str = ""
    """Why it is worth no more than that."""

    @property
    def kind_shown(self) -> str:
        """The kind, for a person."""
        return "unknown" if self.kind is None else self.kind

    def __str__(self) -> str:
        """In words: ``verified by release``, ``failed, says ci: …``, ``not trusted: …``."""
        if self.outcome == "verified":
            return f"verified by {', '.join(self.keys)}" + (f" ({self.why})" if self.why else "")
        if self.outcome == "failed":
            return f"failed, {'says' if len(self.keys) == 1 else 'say'} {', '.join(self.keys)}: {self.why}"
        return f"{self.outcome}: {self.why}"
