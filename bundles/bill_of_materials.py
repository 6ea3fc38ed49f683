"""The bill of materials: a bundle for auditors, as CycloneDX 1.6 lays it down for machine learning."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from pydantic import JsonValue

from lading.bundles.bundle import Bundle
from lading.bundles.manifest import Manifest
from lading.bundles.measures import data_by_role, measures, task
from lading.bundles.outline import estimator
from lading.bundles.provenance import Data, Provenance

Document = dict[str, JsonValue]

_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+")
"""What may stand where the schema wants a URL."""


def bill_of_materials(bundle: Bundle) -> Document:
    """The bundle as one CycloneDX document: the model with its card, its data, its software, its files.

    Made of the manifest alone and without a clock, so the same bundle gives the same document.
    """
    manifest = bundle.manifest
    components = [*_datasets(manifest.provenance), *_software(manifest.provenance), *_files(manifest)]
    tool: Document = {"type": "application", "name": "lading", "version": version("lading")}
    return cyclonedx(bundle.digest, {"tools": {"components": [tool]}, "component": _model(bundle)}, components)


def cyclonedx(digest: str, metadata: Document, components: Sequence[Document]) -> Document:
    """The document about what has that ``digest``, by which ``metadata`` names it, and which depends on all components."""
    references: list[JsonValue] = [component["bom-ref"] for component in components]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": metadata,
        "components": list(components),
        "dependencies": [{"ref": digest, "dependsOn": references}],
    }


def _known(**members: JsonValue | None) -> Document:
    """The members that are known and not empty."""
    return {name: value for name, value in members.items() if value not in (None, [], {})}


def _model(bundle: Bundle) -> Document:
    manifest, provenance = bundle.manifest, bundle.manifest.provenance
    author, code = provenance.author, provenance.code
    known = _known(
        description=manifest.description,
        authors=None if author is None else [{"name": author}],
        hashes=[{"alg": "SHA-256", "content": bundle.digest.removeprefix("sha256:")}],
        externalReferences=_references(code.repository),
        pedigree=None if code.commit is None else {"commits": [{"uid": code.commit}]},
        modelCard=_card(manifest),
        properties=_properties(_facts(manifest)),
    )
    return {
        "type": "machine-learning-model",
        "bom-ref": bundle.digest,
        "name": manifest.name,
        "version": manifest.version,
        **known,
    }


def _references(repository: str | None) -> list[JsonValue]:
    if repository is None or _URL.fullmatch(repository) is None:
        return []
    return [{"type": "vcs", "url": repository}]


def _card(manifest: Manifest) -> Document:
    provenance, signature = manifest.provenance, manifest.signature
    taught = provenance.data.target is not None or any(output.targets for output in signature.outputs)
    parameters = _known(
        approach={"type": "supervised"} if taught else None,
        task=task(signature),
        modelArchitecture=estimator(provenance.experiment),
        datasets=[{"ref": _reference(role)} for role in data_by_role(provenance)],
        inputs=[{"format": f"{field.name}: {field.type}"} for field in signature.fields],
        outputs=[{"format": f"{output.tensor.name}: {output.meaning}"} for output in signature.outputs],
    )
    performance: list[JsonValue] = [
        _known(type=measure.name, value=repr(measure.value), slice=measure.role) for measure in measures(provenance)
    ]
    analysis = _known(performanceMetrics=performance)
    return _known(modelParameters=parameters, quantitativeAnalysis=analysis)


def _facts(manifest: Manifest) -> Iterator[tuple[str, object]]:
    """What CycloneDX has no place for."""
    provenance, parity = manifest.provenance, manifest.parity
    run, training, code = provenance.experiment.run, provenance.experiment.training, provenance.code
    yield "graph:framework", manifest.graph.framework
    yield from ((f"graph:opset:{domain}", opset) for domain, opset in sorted(manifest.graph.opsets.items()))
    yield "experiment:estimator", provenance.experiment.estimator
    if run is not None:
        yield from ((f"run:{name}", value) for name, value in run if isinstance(value, str))
    if training is not None:
        yield from ((f"training:{name}", value) for name, value in training)
    yield from ((f"code:{name}", value) for name, value in code)
    yield "python", provenance.environment.python
    yield from ((f"tag:{name}", value) for name, value in sorted(provenance.tags.items()))
    yield from (("parity:reference", parity.reference), ("parity:rows", parity.rows))
    yield from (("parity:label_flips", parity.label_flips), ("parity:waiver", parity.waiver))


def _properties(facts: Iterator[tuple[str, object]]) -> list[JsonValue]:
    return [{"name": f"lading:{name}", "value": str(value)} for name, value in facts if value is not None]


def _reference(role: str) -> str:
    return f"data:{role}"


def _datasets(provenance: Provenance) -> Iterator[Document]:
    for role, data in data_by_role(provenance).items():
        name = data.name if data.name is not None else f"{role} data"
        yield {
            "type": "data",
            "bom-ref": _reference(role),
            "name": name,
            "data": [{"type": "dataset", "name": name}],
            "properties": _properties(iter([("role", role), *_stated(data).items()])),
        }


def _stated(data: Data) -> Mapping[str, object]:
    return {f"data:{name}": value for name, value in data if name != "name"}


def _software(provenance: Provenance) -> Iterator[Document]:
    for name, release in sorted(provenance.environment.packages.items()):
        purl = f"pkg:pypi/{quote(name.lower(), safe='')}@{quote(release, safe='')}"
        yield {"type": "library", "bom-ref": purl, "name": name, "version": release, "purl": purl}


def _files(manifest: Manifest) -> Iterator[Document]:
    for entry in manifest.files:
        hashes: list[JsonValue] = [{"alg": "SHA-256", "content": entry.sha256}]
        yield {"type": "file", "bom-ref": f"file:{entry.path}", "name": entry.path, "hashes": hashes}
