"""What strangers' bytes are given to, and what may come of it: a refusal by name, or nothing; never anything else."""

import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from lading.bundles.bundle import open_bundle
from lading.bundles.canonical import canonical_json
from lading.bundles.golden import Golden
from lading.bundles.graphs.scan import ScanError, scan
from lading.bundles.kinds import HEAD, forbidden_content
from lading.bundles.manifest import Manifest
from lading.bundles.manifest_reading import read_manifest
from lading.bundles.profile import Profile
from lading.bundles.storage.archive import write_archive
from lading.bundles.storage.content import Held, entry_of
from lading.bundles.storage.integrity import BundleError

HERE = Path(__file__).parent
CORPUS = HERE.parent / "corpus"
"""For each target a folder of inputs: seeds, and whatever was once answered wrongly."""
SAMPLE = HERE.parent / "samples" / "format-1-lading-0.1.0.lading"
BESIDE = {"weights.bin": 100}


def archive(data: bytes) -> None:
    """A whole bundle in one file."""
    with NamedTemporaryFile() as file, suppress(BundleError):
        file.write(data)
        file.flush()
        with open_bundle(file.name) as bundle:
            bundle.golden()
            bundle.profile()
            bundle.card()


def file(data: bytes) -> None:
    """One file of a bundle, which the first byte chooses; its checksums and the manifest are made to agree."""
    files = sample()
    name = sorted(files)[(data[0] if data else 0) % len(files)]
    files = {**files, name: data[1:]}
    if name != "manifest.json":
        entries = tuple(entry_of(path, Held(files[path])) for path in sorted(files) if path != "manifest.json")
        manifest = Manifest.model_validate_json(files["manifest.json"]).model_copy(update={"files": entries})
        files["manifest.json"] = canonical_json(manifest)
    stream = io.BytesIO()
    write_archive({path: Held(held) for path, held in files.items()}, stream)
    archive(stream.getvalue())


def graph(data: bytes) -> None:
    """An ONNX file, in pieces of a size that its first byte tells."""
    step = 1 + (data[0] if data else 0)
    pieces = (data[start : start + step] for start in range(0, len(data), step))
    with suppress(ScanError):
        scan(pieces, len(data), BESIDE)


def manifest(data: bytes) -> None:
    """A manifest."""
    with suppress(BundleError):
        read_manifest(data, "x")


def documents(data: bytes) -> None:
    """Golden rows and a profile; what is wrong with them is a ``ValueError``, which a bundle says by name."""
    for kind in (Golden, Profile):
        with suppress(ValueError):
            kind.model_validate_json(data, strict=True)


def kinds(data: bytes) -> None:
    """Any file of a bundle."""
    forbidden_content(data[:HEAD], len(data))


@cache
def sample() -> dict[str, bytes]:
    """The files of a small bundle."""
    with open_bundle(SAMPLE) as bundle:
        return {name: b"".join(content.chunks()) for name, content in bundle.contents().items()}


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (archive, file, graph, manifest, documents, kinds)
}
