"""The layer: bundles as a tar archive, of which every byte follows from the bundles."""

import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from lading.bundles.bundle import Bundle
from lading.bundles.storage.archive import SUFFIX, archive_size, write_archive
from lading.runtime.names import take

FOLDER = "bundles"
"""At the root of the image; what the image's command serves."""


def place(bundle: Bundle) -> str:
    """Where a bundle lies in the image."""
    return f"{FOLDER}/{bundle.manifest.name}-{bundle.manifest.version}{SUFFIX}"


def write_layer(bundles: Sequence[Bundle], scratch: Path, stream: BinaryIO) -> None:
    """Write the layer to ``stream``; ``scratch`` is a folder with room for the largest bundle.

    Every file of a bundle is checked once more as it is read. Raises ``DuplicateNameError`` and what reading raises.
    """
    taken: dict[str, str] = {}
    for bundle in bundles:
        take(taken, bundle.manifest.name, str(bundle.path))
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as layer:
        layer.addfile(entry(FOLDER, folder=True))
        for bundle in sorted(bundles, key=place):
            contents = bundle.contents()
            with (scratch / "bundle").open("w+b") as file:
                write_archive(contents, file)
                file.seek(0)
                layer.addfile(entry(place(bundle), archive_size(contents)), file)


def entry(name: str, size: int = 0, *, folder: bool = False, program: bool = False) -> tarfile.TarInfo:
    """What a tar archive says of a file or a folder: root's, readable for all, of no time."""
    found = tarfile.TarInfo(name)
    found.type = tarfile.DIRTYPE if folder else tarfile.REGTYPE
    found.size, found.mode, found.mtime = size, 0o755 if folder or program else 0o444, 0
    found.uname = found.gname = "root"
    return found
