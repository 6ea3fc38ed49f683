"""The origin: what an ONNX file of a bundle says of the bundle, so that the file alone can be traced."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

PREFIX = "lading."


@dataclass(frozen=True)
class Origin:
    """What names the bundle. Its digest cannot be told: it covers the digest of the very file that would tell it."""

    name: str
    version: str
    data: str
    """The digest of the training data."""

    @property
    def facts(self) -> dict[str, str]:
        """All of it by name."""
        return {"name": self.name, "version": self.version, "data.digest": self.data}

    @property
    def notes(self) -> dict[str, str]:
        """The same as a model's ``metadata_props``."""
        return {PREFIX + name: value for name, value in self.facts.items()}

    @classmethod
    def of(cls, notes: Mapping[str, str]) -> Self | None:
        """The origin that a model's ``metadata_props`` tell; ``None`` where they tell none."""
        try:
            return cls(*(notes[PREFIX + name] for name in ("name", "version", "data.digest")))
        except KeyError:
            return None
