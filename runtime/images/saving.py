"""Saving: an image as one file for a site without a network, with all that its administrator needs."""

import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

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


@dataclass(frozen=True)
class Saved:
    """A file for a site."""

    path: Path
    size: int
    digest: str
    """Of the whole file; what its receiver is told on another way."""


def save(client: docker.DockerClient, name: str, path: Path, key: Path | None, tell: Tell) -> Saved:
    """Write the image ``name``, with bundles in it, to the file ``path``, with the public ``key`` that vouches for them.

    Raises ``NoImageError``, ``NoBundlesInImageError``, ``EngineRefusedError``, what reading a key raises, and the errors
    of ``lading.bundles.storage.atomic``.
    """
    found = image(client, name, "make it with `lading image build`")
    digests = str((found.attrs["Config"]["Labels"] or {}).get(DIGESTS, "")).split()
    if not digests:
        raise NoBundlesInImageError(name)
    files = sheets(name, digests, layers(found), signed=key is not None)
    if key is not None:
        files[KEY] = key_bytes(key, private=False)
        read_public(files[KEY], str(key))
    with TemporaryFile(dir=path.absolute().parent) as held:
        tell(f"the engine gives {name} out")
        sums = {IMAGE: _received(found, name, held)} | {file: _sha256(data) for file, data in files.items()}
        files[SUMS] = "".join(f"{sums[file]}  {file}\n" for file in sorted(sums)).encode()
        tell(f"{path.name} is written")
        size = held.tell()
        with new_file(path, size) as out:
            _write(files, held, size, path.name.partition(".")[0], out)
    with path.open("rb") as file:
        return Saved(path, path.stat().st_size, digest_text(hashlib.file_digest(file, "sha256").hexdigest()))


def _received(found: Image, name: str, stream: BinaryIO) -> str:
    """Write what ``docker save`` gives to ``stream``; its SHA-256."""
    digest = hashlib.sha256()
    with asked(f"give {name} out"):
        for piece in found.save(chunk_size=CHUNK, named=name):
            digest.update(piece)
            stream.write(piece)
    return digest.hexdigest()


def _write(files: Mapping[str, bytes], held: BinaryIO, size: int, folder: str, out: BinaryIO) -> None:
    """The one file: everything in a folder of its own."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry(folder, folder=True))
        for name in sorted(files):
            program = name.endswith(".sh")
            archive.addfile(entry(f"{folder}/{name}", len(files[name]), program=program), BytesIO(files[name]))
        held.seek(0)
        archive.addfile(entry(f"{folder}/{IMAGE}", size), held)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
