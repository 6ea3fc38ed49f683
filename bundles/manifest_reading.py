"""Reading a manifest: strictly, so that one manifest has one form and nothing in it is overlooked."""

from importlib.metadata import version

import orjson
from pydantic import JsonValue, ValidationError

from lading.bundles.canonical import NotCanonicalError, canonical_json
from lading.bundles.manifest import FORMAT, Manifest
from lading.bundles.storage.integrity import ManifestError, NewerFormatError

LARGEST_MANIFEST = 4 << 20
"""In bytes."""
DEEPEST = 32
"""Levels of arrays and objects within one another."""


def read_manifest(data: bytes, bundle: str) -> Manifest:
    """The manifest that ``data`` holds; ``bundle`` names the bundle in errors.

    Raises ``NewerFormatError``, or ``ManifestError`` when it is not canonical JSON or does not say what a
    manifest must.
    """
    document = _parse(data, bundle)
    _check_format(document, bundle)
    try:
        canonical = canonical_json(document) == data
    except NotCanonicalError as error:
        raise ManifestError(bundle, f"is not canonical JSON: {error}") from error
    if not canonical:
        raise ManifestError(
            bundle, "is not canonical JSON (RFC 8785): its members, numbers or spaces are written otherwise"
        )
    try:
        return Manifest.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise ManifestError(bundle, f"breaks the format: {in_words(error)}") from error


def in_words(error: ValidationError) -> str:
    """The first thing that pydantic found wrong: where, and what."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    what = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {what}" if where else what


def _parse(data: bytes, bundle: str) -> dict[str, JsonValue]:
    if len(data) > LARGEST_MANIFEST:
        raise ManifestError(bundle, f"has {len(data)} bytes; at most {LARGEST_MANIFEST} are allowed")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ManifestError(bundle, f"is not JSON: {error}") from error
    if depth_of(document) > DEEPEST:
        raise ManifestError(bundle, f"nests more than {DEEPEST} levels deep")
    if not isinstance(document, dict):
        raise ManifestError(bundle, "is not a JSON object")
    return document


def _check_format(document: dict[str, JsonValue], bundle: str) -> None:
    found = document.get("format")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ManifestError(bundle, "does not say its format version")
    if found > FORMAT:
        raise NewerFormatError(bundle, found, FORMAT, version("lading"))


def depth_of(document: object) -> int:
    """How many arrays and objects lie within one another, counted without recursion."""
    depth, level = 0, [document]
    while level := [value for value in level if isinstance(value, dict | list)]:
        depth += 1
        level = [member for value in level for member in (value.values() if isinstance(value, dict) else value)]
    return depth
