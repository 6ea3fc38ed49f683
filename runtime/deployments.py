"""Deployments: which model answers to which name."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

from lading.bundles.bundle import open_bundle
from lading.runtime.deadlines import Deadlines
from lading.runtime.errors import UnknownModelError
from lading.runtime.model import Model
from lading.runtime.names import DuplicateNameError
from lading.runtime.watch import Watch


class Deployments:
    """The models that are deployed, by name; it never changes, a new one takes its place."""

    def __init__(self, models: Iterable[Model] = ()) -> None:
        found: dict[str, Model] = {}
        for model in models:
            other = found.setdefault(model.name, model)
            if other is not model:
                raise DuplicateNameError(model.name, f"version {other.version}", f"version {model.version}")
        self._models = MappingProxyType(dict(sorted(found.items())))

    @classmethod
    def load(
        cls, paths: Sequence[Path], threads: int = 1, watch: Watch | None = None, deadlines: Deadlines | None = None
    ) -> "Deployments":
        """Open, check and load the bundles at ``paths``, with ``threads`` for one inference of each.

        ``watch`` ends the inferences that take longer than ``deadlines`` allow, the default ones where none are given.
        Raises ``DuplicateNameError``, and what ``open_bundle`` and ``Model.load`` raise.
        """
        models: dict[str, tuple[Path, Model]] = {}
        watch = Watch() if watch is None else watch
        deadlines = Deadlines() if deadlines is None else deadlines
        for path in paths:
            with open_bundle(path) as bundle:
                name = bundle.manifest.name
                if name in models:
                    raise DuplicateNameError(name, str(models[name][0]), str(path))
                models[name] = path, Model.load(bundle, threads, watch, deadlines)
        return cls(model for _, model in models.values())

    def get(self, name: str, version: str | None = None) -> Model:
        """The model that answers to ``name``; raises ``UnknownModelError`` when none does, or not in ``version``."""
        model = self._models.get(name)
        if model is None:
            raise UnknownModelError(name, None, tuple(self._models))
        if version is not None and version != model.version:
            raise UnknownModelError(name, version, (model.version,))
        return model

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
