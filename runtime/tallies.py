"""Tallies: what is counted of each version of each model, here and in the other processes that answer for it."""

from collections.abc import Callable, Iterable, Mapping

from lading.runtime.model import Model
from lading.runtime.tally import Tally

Key = tuple[str, str]
"""A model's name and its version."""

Counted = Mapping[Key, Tally]


def _nobody() -> Iterable[Counted]:
    return ()


class Tallies:
    """The counts of this process, which begin with ``kept``; ``others`` tells those of its fellows at the moment."""

    def __init__(self, kept: Counted | None = None, others: Callable[[], Iterable[Counted]] = _nobody) -> None:
        self.own: dict[Key, Tally] = {} if kept is None else dict(kept)
        self._others = others

    def adopt(self, model: Model) -> None:
        """Have ``model`` count on from what its version has counted here before, loaded anew or not."""
        model.tally = self.own.setdefault((model.name, model.version), model.tally)

    def total(self, model: Model) -> Tally:
        """The counts of the model in all processes together."""
        key, total = (model.name, model.version), Tally()
        for counted in (self.own, *self._others()):
            if key in counted:
                total.add(counted[key])
        return total
