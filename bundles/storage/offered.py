"""The bundles on offer: what a command is given, where a folder may hold several."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lading.bundles.manifest import MANIFEST_PATH
from lading.bundles.storage.archive import SUFFIX
from lading.core.errors import UsageError


class NothingOfferedError(UsageError):
    """A folder of bundles holds none."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder} holds no bundle; put files ending in {SUFFIX} there, or bundles' folders"


def offered(paths: Sequence[Path]) -> Iterator[Path]:
    """Each bundle at ``paths``; a folder that is none itself stands for those in it, by name.

    Hidden names are passed over: Kubernetes keeps what it mounts twice under them. Raises ``NothingOfferedError``.
    """
    for path in paths:
        if not path.is_dir() or (path / MANIFEST_PATH).exists():
            yield path
            continue
        found = sorted(each for each in path.iterdir() if not each.name.startswith(".") and _is_bundle(each))
        if not found:
            raise NothingOfferedError(str(path))
        yield from found


def _is_bundle(path: Path) -> bool:
    return path.suffix == SUFFIX or (path / MANIFEST_PATH).exists()
