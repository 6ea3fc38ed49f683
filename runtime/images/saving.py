"""Saving: an image as one file for a site without a network, with all that its administrator needs."""

import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

import docker
from docker.models.images import Image

from lading.bundles.digest import digest_text
from lading.bundles.signing.keys import key_bytes, read_public
from lading.bundles.storage.atomic import new_file
from lading.runtime.images.building import DIGESTS, Tell
from lading.runtime.images.engine import asked, image, layers
from lading.runtime.images.errors import NoBundlesInImageError
from lading.runtime.images.layer import entry
from lading.runtime.images.sheets import sheets

SUMS = "SHA256SUMS"
IMAGE = "image.tar"
KEY = "release.pub"
CHUNK = 1 << 20
MB = 1_000_000
FORMAT: Final = tarfile.GNU_FORMAT
"""A head of one block says of any file how long it is, of more than 8 GiB too."""


@dataclass(frozen=True)
class Saved:
    """A file for a site."""

    path: Path
    size: int
    digest: str
    """Of the whole file; what its receiver is told on another way."""


def save(client: docker.DockerClient, name: str, path: Path, key: Path | None, tell: Tell) -> Saved:
    """Write the image ``name``, with bundles in it, to the file ``path``, with the public ``key`` that vouches for them.

    Raises ``NoImageError``, ``NoBundlesInImageError``, ``EngineRefusedError``, what reading a key raises, and the
    errors of ``lading.bundles.storage.atomic``.
    """
    found = image(client, name, "make it with `lading image build`")
    digests = str((found.attrs["Config"]["Labels"] or {}).get(DIGESTS, "")).split()
    if not digests:
        raise NoBundlesInImageError(name)
    files = sheets(name, digests, layers(found), signed=key is not None)
    if key is not None:
        files[KEY] = key_bytes(key, private=False)
        read_public(files[KEY], str(key))
    folder = path.stem.lstrip(".")
    tell(f"the engine puts {name} together")
    with new_file(path, int(found.attrs["Size"])) as out:
        out.write(entry(folder, folder=True).tobuf(FORMAT))
        sums = {IMAGE: _write_image(found, name, folder, out, tell)}
        sums |= {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}
        files[SUMS] = "".join(f"{sums[file]}  {file}\n" for file in sorted(sums)).encode()
        _write_files(files, folder, out)
    tell(f"{path.name} is read for its digest")
    with path.open("rb") as file:
        return Saved(path, path.stat().st_size, digest_text(hashlib.file_digest(file, "sha256").hexdigest()))


def _write_image(found: Image, name: str, folder: str, out: BinaryIO, tell: Tell) -> str:
    """Write what ``docker save`` gives as an entry of the archive; its SHA-256.

    How long it is shows at its end. So its head is written once more then, and the image lies on the disk but once.
    """
    at, size, digest = out.tell(), 0, hashlib.sha256()
    out.write(entry(f"{folder}/{IMAGE}").tobuf(FORMAT))
    with asked(f"give {name} out"):
        for piece in found.save(chunk_size=CHUNK, named=name):
            digest.update(piece)
            out.write(piece)
            size += len(piece)
            tell(f"the engine gives {name} out: {size / MB:.0f} MB")
    out.write(bytes(-size % tarfile.BLOCKSIZE))
    end = out.tell()
    out.seek(at)
    out.write(entry(f"{folder}/{IMAGE}", size).tobuf(FORMAT))
    out.seek(end)
    return digest.hexdigest()


def _write_files(files: Mapping[str, bytes], folder: str, out: BinaryIO) -> None:
    """Write the others, and the archive's end."""
    with tarfile.open(fileobj=out, mode="w", format=FORMAT) as archive:
        for name in sorted(files):
            program = name.endswith(".sh")
            archive.addfile(entry(f"{folder}/{name}", len(files[name]), program=program), BytesIO(files[name]))
