"""Observations: what was counted of each deployed model's columns, here and in the other processes that answer for it."""

from collections.abc import Callable, Iterable, Mapping

from lading.runtime.drift.counts import Counts
from lading.runtime.model import Model

Key = tuple[str, str]
"""A model's name and its bundle's digest: another bundle begins anew, whatever its version."""

Counted = Mapping[Key, Counts]


def _nobody() -> Iterable[Counted]:
    return ()


class Observations:
    """The counts of this process, which begin with ``kept``; ``others`` tells those of its fellows at the moment."""

    def __init__(self, kept: Counted | None = None, others: Callable[[], Iterable[Counted]] = _nobody) -> None:
        self._kept: dict[Key, Counts] = {} if kept is None else dict(kept)
        self._others = others
        self._models: dict[Key, Model] = {}

    def adopt(self, models: Iterable[Model]) -> None:
        """Observe ``models``, which go on from what was counted of them here before, and no others any more."""
        adopted = {_key(model): model for model in models}
        for key, model in adopted.items():
            before = self._models.get(key)
            if before is None:
                model.observed.begin(self._kept.pop(key, Counts()))
            elif before is not model:
                model.observed.begin(before.observed.settled())
        self._models = adopted

    def own(self) -> Counted:
        """What was counted in this process of the observed models."""
        return {key: model.observed.settled() for key, model in self._models.items()}

    def all(self) -> Iterable[tuple[Model, Counts, Counts]]:
        """The observed models, each with the counts of this process and with those of all together."""
        models, others = self._models, list(self._others())
        for key, model in models.items():
            own = model.observed.settled()
            yield model, own, _sum(key, ({key: own}, *others))

    def total(self, model: Model) -> Counts:
        """The counts of the model in all processes together."""
        key = _key(model)
        return _sum(key, ({key: model.observed.settled()}, *self._others()))


def _sum(key: Key, counted: Iterable[Counted]) -> Counts:
    total = Counts()
    for one in counted:
        if key in one:
            total.add(one[key])
    return total


def _key(model: Model) -> Key:
    return model.name, model.digest
