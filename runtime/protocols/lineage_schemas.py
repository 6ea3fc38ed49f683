"""Lineage schemas: what a bundle states of its model, by the records that the bundle's own documents are made of."""

from functools import cache
from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from lading.bundles.manifest import Graph
from lading.bundles.parity import Parity
from lading.bundles.profile import Profile
from lading.bundles.provenance import Provenance
from lading.bundles.records import Record
from lading.bundles.signature import Signature
from lading.runtime.protocols.operations import DIGEST
from lading.runtime.protocols.schemas import TEXT, Schema, listed, record

RECORDS: dict[str, type[Record]] = {
    "graph": Graph,
    "signature": Signature,
    "provenance": Provenance,
    "parity": Parity,
    "profile": Profile,
}
"""The documents, by the key that each has in the description of a model."""

PREFIX = "Bundle."
"""Before the names of the records, which others could have too."""

IDENTITY: Schema = {"name": TEXT, "version": TEXT, "digest": DIGEST}
SUMMARY: Schema = {**IDENTITY, "description": {"type": ["string", "null"]}, "predict": TEXT}
ORIGIN: Schema = {"estimator": {"type": ["string", "null"]}, "waiver": {"type": ["string", "null"]}}

JUDGEMENT = record(
    {
        "file": TEXT,
        "kind": {"type": ["string", "null"]},
        "outcome": {"enum": ["verified", "failed", "unsigned", "not trusted", "broken"]},
        "keys": listed(TEXT),
        "why": TEXT,
    },
    "Judgement",
)
"""What a file of evidence is worth."""

VETTING: Schema = {
    "evidence": listed(JUDGEMENT),
    "policy": record({"mode": {"enum": ["off", "warn", "enforce"]}, "problems": listed(TEXT)}, "Policy"),
}

BATCHING = record({"used": {"type": "boolean"}, "reason": TEXT}, "Batching")

LISTING = record({"models": listed(record(SUMMARY, "ModelSummary"))})


def lineage_schema() -> Schema:
    """Where each model came from and how it was proved."""
    told = {**IDENTITY, **ORIGIN, **VETTING, **{key: _document(key) for key in ("provenance", "parity")}}
    return record({"models": listed(record(told, "ModelLineage"))})


def description_schema() -> Schema:
    """All that a bundle states of its model, and how it is served."""
    documents = {key: _document(key) for key in RECORDS}
    return record(
        {**SUMMARY, "drift": TEXT, **ORIGIN, **VETTING, **documents, "batching": BATCHING}, "ModelDescription"
    )


class _WithoutFieldTitles(GenerateJsonSchema):
    """In this document a title makes a component, and a field is none."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _document(key: str) -> Schema:
    return _titled(RECORDS[key].__name__, _definitions())


@cache
def _definitions() -> Schema:
    """The schema of every record, by its name."""
    _, found = models_json_schema(
        [(one, "validation") for one in RECORDS.values()], schema_generator=_WithoutFieldTitles
    )
    return cast("Schema", found["$defs"])


def _titled(name: str, known: Schema) -> Schema:
    """The record ``name`` with the records in it in place of references to them, each under a title of its own."""
    return cast("Schema", _expanded(known[name], known)) | {"title": PREFIX + name}


def _expanded(part: Any, known: Schema) -> Any:
    if isinstance(part, list):
        return [_expanded(item, known) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _titled(part["$ref"].rpartition("/")[2], known)
    return {key: _expanded(value, known) for key, value in part.items() if key not in ("title", "default")}
