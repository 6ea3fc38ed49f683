"""The materials of an image: what it is made of, as CycloneDX 1.6 lays it down: Debian's packages, Python's, bundles."""

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from email.parser import Parser
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

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
RELEASE = "/usr/lib/os-release"
"""The file itself: what is customary in /etc is a link to it."""


def image_materials(client: docker.DockerClient, built: Built, bundles: Sequence[Bundle]) -> Document:
    """The document for the image ``built`` of ``bundles``; the same image gives the same document.

    Raises ``NotOursError`` and ``EngineRefusedError``.
    """
    with asked(f"look into {built.name}"):
        container = client.containers.create(built.id)
        try:
            packages = _file(container, f"{PLACE}/{PACKAGES}")
            status, release = _file(container, DPKG), _file(container, RELEASE)
        finally:
            container.remove(v=True)
    if packages is None:
        raise NotOursError(built.name)
    system = _system(release or b"")
    components = [
        *system,
        *_debian(status or b"", system),
        *orjson.loads(packages),
        *(_model(bundle) for bundle in bundles),
    ]
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


def _system(release: bytes) -> list[dict[str, Any]]:
    """The system below, as ``os-release`` names it; nothing where there is no such file."""
    told = dict(line.split("=", 1) for line in release.decode(errors="replace").splitlines() if "=" in line)
    name, version = (told.get(field, "").strip("\"'") for field in ("ID", "VERSION_ID"))
    if not name or not version:
        return []
    return [{"type": "operating-system", "bom-ref": f"{name}-{version}", "name": name, "version": version}]


def _debian(status: bytes, system: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What dpkg's own list names as installed, on ``system``, which says whose advisories hold; none elsewhere."""
    distribution = "".join(f"&distro={each['bom-ref']}" for each in system)
    for paragraph in status.decode(errors="replace").split("\n\n"):
        found = Parser().parsestr(paragraph, headersonly=True)
        if found.get("Status") == "install ok installed":
            name, version, kind = (str(found[field]) for field in ("Package", "Version", "Architecture"))
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={kind}{distribution}"
            yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


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
