"""The materials of an image: what it is made of, as CycloneDX 1.6 lays it down: Debian's packages, Python's, bundles."""

import tarfile
from collections.abc import Iterator, Sequence
from email.parser import Parser
from io import BytesIO
from pathlib import Path
from typing import Any

import docker
import orjson
from docker.errors import NotFound
from docker.models.containers import Container

from lading.bundles.bill_of_materials import Document, bill_of_materials, cyclonedx
from lading.bundles.bundle import Bundle
from lading.bundles.storage.atomic import new_file
from lading.runtime.images.building import Built
from lading.runtime.images.engine import asked
from lading.runtime.images.errors import NotOursError
from lading.runtime.images.inventory import PACKAGES, PLACE

DPKG = "/var/lib/dpkg/status"


def image_materials(client: docker.DockerClient, built: Built, bundles: Sequence[Bundle]) -> Document:
    """The document for the image ``built`` of ``bundles``; the same image gives the same document.

    Raises ``NotOursError`` and ``EngineRefusedError``.
    """
    with asked(f"look into {built.name}"):
        container = client.containers.create(built.id)
        try:
            packages, status = _file(container, f"{PLACE}/{PACKAGES}"), _file(container, DPKG)
        finally:
            container.remove(v=True)
    if packages is None:
        raise NotOursError(built.name)
    components = [*_debian(status or b""), *orjson.loads(packages), *(_model(bundle) for bundle in bundles)]
    component: Document = {
        "type": "container",
        "bom-ref": built.id,
        "name": built.name,
        "hashes": [{"alg": "SHA-256", "content": built.id.removeprefix("sha256:")}],
    }
    return cyclonedx(built.id, {"component": component}, components)


def _file(container: Container, path: str) -> bytes | None:
    """What the file at ``path`` holds; None where there is none."""
    try:
        pieces, _ = container.get_archive(path)
    except NotFound:
        return None
    with tarfile.open(fileobj=BytesIO(b"".join(pieces))) as archive:
        held = archive.extractfile(archive.getmembers()[0])
        return None if held is None else held.read()


def _debian(status: bytes) -> Iterator[dict[str, Any]]:
    """What dpkg's own list names as installed; an image of another system has none."""
    for paragraph in status.decode(errors="replace").split("\n\n"):
        found = Parser().parsestr(paragraph, headersonly=True)
        if found.get("Status") == "install ok installed":
            purl = f"pkg:deb/debian/{found['Package']}@{found['Version']}?arch={found['Architecture']}"
            yield {
                "type": "library",
                "bom-ref": purl,
                "name": found["Package"],
                "version": found["Version"],
                "purl": purl,
            }


def _model(bundle: Bundle) -> dict[str, Any]:
    """A bundle with what its own bill of materials names inside it."""
    document: Any = bill_of_materials(bundle)
    inside = [each | {"bom-ref": f"{bundle.digest}/{each['bom-ref']}"} for each in document["components"]]
    component: dict[str, Any] = document["metadata"]["component"]
    return _elsewhere(component, bundle.digest) | {"components": inside}


def _elsewhere(component: dict[str, Any], digest: str) -> dict[str, Any]:
    """``component`` with references that hold in the document of the image: several bundles have data of one role."""
    parameters = component.get("modelCard", {}).get("modelParameters", {})
    if "datasets" not in parameters:
        return component
    datasets = [{"ref": f"{digest}/{each['ref']}"} for each in parameters["datasets"]]
    card = component["modelCard"] | {"modelParameters": parameters | {"datasets": datasets}}
    return component | {"modelCard": card}


def write_materials(document: Document, path: Path) -> None:
    """Write the document; raises the errors of ``lading.bundles.storage.atomic``."""
    data = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    with new_file(path, len(data)) as file:
        file.write(data)
