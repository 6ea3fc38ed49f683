"""Names: what models answer to, each to one, and to one at most."""

from lading.core.errors import ConflictError, UsageError


class DuplicateNameError(ConflictError):
    """Two bundles of one name were given to serve."""

    def __init__(self, name: str, first: str, second: str) -> None:
        super().__init__(name, first, second)
        self.name, self.first, self.second = name, first, second

    def __str__(self) -> str:
        return f"two bundles are named {self.name!r}: {self.first} and {self.second}; serve one of them"


def take(taken: dict[str, str], name: str, by: str) -> None:
    """Have ``name`` as ``taken`` by what ``by`` says; raises ``DuplicateNameError`` where it was before."""
    if name in taken:
        raise DuplicateNameError(name, taken[name], by)
    taken[name] = by


class UnknownDefaultError(UsageError):
    """What should answer where a request names no model is not deployed."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        names = ", ".join(self.known)
        return f"LADING_DEFAULT_MODEL is {self.name!r}, which is not deployed; deployed are {names}: name one of them"


def check_default(name: str | None, known: tuple[str, ...]) -> None:
    """Raise ``UnknownDefaultError`` when ``name`` is none of ``known``."""
    if name is not None and name not in known:
        raise UnknownDefaultError(name, known)
