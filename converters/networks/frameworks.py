"""Frameworks: what has to be installed for a model of theirs, and which versions were tested."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from packaging.specifiers import SpecifierSet

from lading.core.errors import UsageError


class FrameworkNeedsError(UsageError):
    """A model of a framework was given, and what converts it is not installed."""

    def __init__(self, framework: str, module: str, extra: str) -> None:
        super().__init__(framework, module, extra)
        self.framework, self.module, self.extra = framework, module, extra

    def __str__(self) -> str:
        return (
            f"models of {self.framework} need the module {self.module!r}, which is not installed; "
            f"install what they need: pip install 'lading[{self.extra}]'"
        )


def need(framework: str, extra: str, *modules: str) -> None:
    """Raise ``FrameworkNeedsError`` for the first of ``modules`` that is not installed; none of them is imported."""
    for module in modules:
        if find_spec(module) is None:
            raise FrameworkNeedsError(framework, module, extra)


def untested(tested: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each installed distribution whose version is none of those that conversion was tested with.

    ``tested`` has the versions by distribution, as pip writes them.
    """
    return tuple(
        f"{name} {found} is installed, and conversion was tested with {name}{versions} only"
        for name, versions in tested.items()
        if (found := _installed(name)) is not None and not SpecifierSet(versions, prereleases=True).contains(found)
    )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def tops(model: object) -> frozenset[str]:
    """The top packages that the model's class and those that it derives from are of."""
    return frozenset(kind.__module__.split(".")[0] for kind in type(model).__mro__)


def derives(model: object, *classes: str) -> bool:
    """Whether the model's class, or one that it derives from, is one of ``classes``: ``module.Name``."""
    return any(f"{kind.__module__}.{kind.__qualname__}" in classes for kind in type(model).__mro__)
