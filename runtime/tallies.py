"""Tallies: what is counted of each bundle under each name, here and in the other processes that answer for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lading.runtime.tally import Tally

if TYPE_CHECKING:
    from lading.runtime.model import Model


class Key(NamedTuple):
    """What is counted by itself: a bundle under the name that it answers to."""

    name: str
    version: str
    digest: str


Counted = Mapping[Key, Tally]


def _nobody() -> Iterable[Counted]:
    return ()


class Tallies:
    """The counts of this process, which begin with ``kept``; ``others`` tells those of its fellows at the moment."""

    def __init__(self, kept: Counted | None = None, others: Callable[[], Iterable[Counted]] = _nobody) -> None:
        self.own: dict[Key, Tally] = {} if kept is None else dict(kept)
        self._others = others

    def adopt(self, model: "Model") -> None:
        """Have ``model`` count on from what its bundle has counted here before, loaded anew or not."""
        model.tally = self.own.setdefault(key_of(model), model.tally)

    def total(self, model: "Model") -> Tally:
        """The counts of the model in all processes together."""
        key = key_of(model)
        counted = ({key: one[key]} for one in (self.own, *self._others()) if key in one)
        return totals(counted).get(key, Tally())


def totals(counted: Iterable[Counted]) -> Counted:
    """What all of them have counted together."""
    found: dict[Key, Tally] = {}
    for one in counted:
        for key, tally in one.items():
            found.setdefault(key, Tally()).add(tally)
    return found


def key_of(model: "Model") -> Key:
    """What is counted of ``model``."""
    return Key(model.name, model.version, model.digest)
