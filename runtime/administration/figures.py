"""The figures: what the versions of a name have made of their requests, as the replicas wrote it down."""

from collections import defaultdict
from collections.abc import Mapping
from functools import reduce
from operator import add
from pathlib import Path

import orjson

from lading.bundles.records import Record
from lading.runtime.administration.state import Deployed
from lading.runtime.mirrored import Mirrored
from lading.runtime.serving.standing import read_standings

SUFFIX = ".tally"


class Figures(Record):
    """What one version made of its requests."""

    answered: int = 0
    failed: int = 0
    """Those that were refused, too."""
    seconds: float = 0.0
    """What the answered ones took, all together."""

    def __add__(self, other: "Figures") -> "Figures":
        """Those of both."""
        return self._with(other, 1)

    def __sub__(self, other: "Figures") -> "Figures":
        """Those since ``other``."""
        return self._with(other, -1)

    @property
    def requests(self) -> int:
        """All of them."""
        return self.answered + self.failed

    @property
    def mean_seconds(self) -> float:
        """What an answer took."""
        return self.seconds / self.answered if self.answered else 0.0

    @property
    def failures(self) -> float:
        """The share of requests that failed."""
        return self.failed / self.requests if self.requests else 0.0

    def _with(self, other: "Figures", sign: int) -> "Figures":
        return Figures(
            answered=self.answered + sign * other.answered,
            failed=self.failed + sign * other.failed,
            seconds=self.seconds + sign * other.seconds,
        )


def read_figures(folder: Path) -> Mapping[tuple[str, str], Figures]:
    """The figures of all replicas of the run folder ``folder`` together, by name and version."""
    found: dict[tuple[str, str], Figures] = defaultdict(Figures)
    for path in folder.glob(f"*{SUFFIX}"):
        for line in orjson.loads(path.read_bytes()):
            seconds = line["succeeded_ns"] / 1e9
            found[line["name"], line["version"]] += Figures(
                answered=line["succeeded"], failed=line["failed"], seconds=seconds
            )
    return found


def read_mirrored(folder: Path, name: str) -> Mirrored:
    """What came of the shadow of ``name`` in all replicas of the run folder ``folder`` together."""
    standings = read_standings(folder).values()
    return reduce(add, (one.shadows[name] for one in standings if name in one.shadows), Mirrored())


def told(folder: Path, deployed: Mapping[str, Deployed]) -> dict[str, dict[str, object]]:
    """The figures of what is ``deployed``, of its canaries and its shadows, by name, as JSON has them."""
    counted = read_figures(folder)
    return {name: _told(folder, name, found, counted) for name, found in deployed.items()}


def _told(folder: Path, name: str, found: Deployed, counted: Mapping[tuple[str, str], Figures]) -> dict[str, object]:
    document: dict[str, object] = {"bundle": _figures(counted.get((name, found.bundle.version), Figures()))}
    if found.canary is not None:
        document["canary"] = _figures(counted.get((name, found.canary.bundle.version), Figures()))
    if found.shadow is not None:
        document["shadow"] = read_mirrored(folder, name).model_dump(mode="json")
    return document


def _figures(found: Figures) -> dict[str, object]:
    return {"answered": found.answered, "failed": found.failed, "mean_seconds": found.mean_seconds}
