"""Deployments: which model answers to which name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from lading.bundles.bundle import open_bundle
from lading.runtime.canary import Canary
from lading.runtime.deadlines import Deadlines
from lading.runtime.errors import UnknownModelError
from lading.runtime.happening import Happening
from lading.runtime.mirror import check_alike
from lading.runtime.model import Model
from lading.runtime.names import take
from lading.runtime.watch import Watch


class Deployments:
    """The models that are deployed, by name; it never changes, a new one takes its place.

    ``canaries`` answer a share of the requests for their names; ``shadows`` are asked what the models of their names
    are; raises ``UnlikeShadowError`` where one cannot be.
    """

    def __init__(
        self,
        models: Iterable[Model] = (),
        canaries: Iterable[Canary] = (),
        shadows: Iterable[Model] = (),
        history: Sequence[Happening] = (),
    ) -> None:
        found, taken = dict[str, Model](), dict[str, str]()
        for model in models:
            take(taken, model.name, f"version {model.version}")
            found[model.name] = model
        self._models = MappingProxyType(dict(sorted(found.items())))
        self.history = tuple(history)
        """How that came to be, the latest last."""
        self.canaries: Mapping[str, Canary] = MappingProxyType({canary.model.name: canary for canary in canaries})
        self.shadows: Mapping[str, Model] = MappingProxyType({shadow.name: shadow for shadow in shadows})
        for shadow in self.shadows.values():
            check_alike(self.get(shadow.name), shadow)

    @classmethod
    def load(
        cls, paths: Sequence[Path], threads: int = 1, watch: Watch | None = None, deadlines: Deadlines | None = None
    ) -> "Deployments":
        """Open, check and load the bundles at ``paths``, with ``threads`` for one inference of each.

        ``watch`` ends the inferences that take longer than ``deadlines`` allow, the default ones where none are given.
        Raises ``DuplicateNameError``, and what ``open_bundle`` and ``Model.load`` raise.
        """
        models, taken = list[Model](), dict[str, str]()
        watch = Watch() if watch is None else watch
        deadlines = Deadlines() if deadlines is None else deadlines
        for path in paths:
            with open_bundle(path) as bundle:
                take(taken, bundle.manifest.name, str(path))
                models.append(Model.load(bundle, threads, watch, deadlines))
        return cls(models)

    def get(self, name: str, version: str | None = None) -> Model:
        """The model that answers to ``name``; raises ``UnknownModelError`` when none does, or not in ``version``."""
        model = self._models.get(name)
        if model is None:
            raise UnknownModelError(name, None, tuple(self._models))
        if version is None or version == model.version:
            return model
        canary = self.canaries.get(name)
        if canary is not None and version == canary.model.version:
            return canary.model
        raise UnknownModelError(name, version, tuple(one.version for one in self.versions(name)))

    def chosen(self, name: str, version: str | None, key: bytes | None) -> Model:
        """The model that answers a request of the client's ``key``, the canary where it is its turn; raises as ``get``."""
        model, canary = self.get(name, version), self.canaries.get(name)
        return canary.model if canary is not None and version is None and canary.takes(key) else model

    def versions(self, name: str) -> tuple[Model, ...]:
        """The versions that answer to ``name``, each of which can be asked for by itself, the canary last.

        A canary of the same version as what it is tried against cannot be told from it. Raises ``UnknownModelError``.
        """
        model, canary = self.get(name), self.canaries.get(name)
        return (model,) if canary is None or canary.model.version == model.version else (model, canary.model)

    def variants(self) -> Iterator[Model]:
        """Every model that answers requests: those that are deployed, and their canaries."""
        yield from self
        for canary in self.canaries.values():
            yield canary.model

    def default(self, name: str | None) -> Model | None:
        """The model that a request means which names none: the one called ``name``, or the only one; None where neither is."""
        if name is None and len(self._models) == 1:
            return next(iter(self))
        return None if name is None else self._models.get(name)

    def __iter__(self) -> Iterator[Model]:
        """The models in the order of their names."""
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)
