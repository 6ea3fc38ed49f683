"""Building: the runtime image and the bundles' layer become one image, by an engine that knows no more than ``ADD``.

No text of a bundle is an instruction, an argument or a label: the engine is given a fixed Dockerfile, an archive, and
digests.
"""

import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import docker

from lading.bundles.bundle import Bundle
from lading.bundles.storage.atomic import explained
from lading.runtime.images.engine import image, layers, told
from lading.runtime.images.errors import NotOursError, OtherLayersError
from lading.runtime.images.layer import entry, write_layer

INSTRUCTIONS = b"ARG RUNTIME\nFROM ${RUNTIME}\nADD bundles.tar /\n"
DIGESTS = "lading.bundle.digests"
"""The label with the digests of the bundles, a space between them."""
BASE_NAME, BASE_DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
ENTRYPOINT = "lading"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """An image that was built."""

    name: str
    id: str
    layer: str
    """The digest of the bundles' layer."""
    digests: tuple[str, ...]
    """Those of the bundles."""


def build(
    client: docker.DockerClient, bundles: Sequence[Bundle], name: str, runtime: str, tell: Tell, *, anew: bool = False
) -> Built:
    """The image ``name`` of the image ``runtime`` and of ``bundles``; ``anew`` takes nothing from the engine's cache.

    Raises ``NoImageError``, ``NotOursError``, ``DuplicateNameError``, ``EngineRefusedError``, ``OtherLayersError``, the
    errors of ``lading.bundles.storage.atomic``, and what reading the bundles raises.
    """
    below = image(
        client, runtime, "build it: docker build -t NAME . beside Lading's Dockerfile, or name one with --runtime"
    )
    if ENTRYPOINT not in (below.attrs["Config"]["Entrypoint"] or []):
        raise NotOursError(runtime)
    digests = tuple(sorted(bundle.digest for bundle in bundles))
    with TemporaryDirectory() as scratch:
        context = _context(bundles, Path(scratch), tell)
        tell("the engine builds the image")
        with context.open("rb") as file:
            begin = partial(
                client.api.build,
                fileobj=file,
                custom_context=True,
                tag=name,
                buildargs={"RUNTIME": runtime},
                labels={DIGESTS: " ".join(digests), BASE_NAME: runtime, BASE_DIGEST: str(below.id)},
                nocache=anew,
                forcerm=True,
                decode=True,
            )
            for line in told(begin, f"build {name}"):
                if words := str(line.get("stream", "")).strip():
                    tell(words)
    made = image(client, name, "it was there a moment ago")
    if layers(made)[:-1] != layers(below):
        raise OtherLayersError(name)
    return Built(name, str(made.id), layers(made)[-1], digests)


def _context(bundles: Sequence[Bundle], scratch: Path, tell: Tell) -> Path:
    """What the engine is given, as a file in ``scratch``, which the bundles lie in twice until it is written."""
    tell("the bundles are written into a layer")
    path, size = scratch / "context", sum(sum(each.size for each in bundle.contents().values()) for bundle in bundles)
    with explained(scratch, 2 * size):
        with (scratch / "layer").open("wb") as file:
            write_layer(bundles, scratch, file)
        _pack(scratch / "layer", path)
    return path


def _pack(layer: Path, path: Path) -> None:
    with tarfile.open(path, "w") as context, layer.open("rb") as file:
        context.addfile(entry("Dockerfile", len(INSTRUCTIONS)), BytesIO(INSTRUCTIONS))
        context.addfile(entry("bundles.tar", layer.stat().st_size), file)
