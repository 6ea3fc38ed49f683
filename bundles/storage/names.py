"""File names: which ones a bundle may hold, so that every system can hold them and none is led astray."""

from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from lading.bundles.manifest import FilePath
from lading.bundles.storage.integrity import FileNameError

MOST_FILES = 1000
"""Files that a bundle may hold."""

_PATHS: TypeAdapter[str] = TypeAdapter(FilePath)


def check_names(bundle: str, names: Iterable[str]) -> None:
    """Raise ``FileNameError`` for a name that no bundle may hold, or for two that some file system takes for one."""
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        _check_name(bundle, name)
        if (twin := seen.get(name.lower())) is not None:
            raise FileNameError(
                bundle, name, "is there twice" if twin == name else f"differs from {twin!r} in case only"
            )
        seen[name.lower()] = name
        parts = name.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folders.setdefault(folder.lower(), folder) != folder:
                raise FileNameError(bundle, name, f"differs from {folders[folder.lower()]!r} in case only")
    for name in seen.keys() & folders.keys():
        raise FileNameError(bundle, seen[name], "is a file and a folder at once")


def _check_name(bundle: str, name: str) -> None:
    try:
        _PATHS.validate_python(name)
    except ValidationError as error:
        problem = (
            "is not one that a bundle may hold: relative, of A-Z a-z 0-9 . _ - with / between at most 8 levels, "
            "at most 200 characters, no level that begins with a dot"
        )
        raise FileNameError(bundle, name[:256], problem) from error
