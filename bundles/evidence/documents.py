"""JSON of strangers: read so that there is one reading of it, within bounds."""

import json

import orjson
from pydantic import JsonValue

from lading.bundles.manifest_reading import DEEPEST, depth_of


class MalformedError(ValueError):
    """What was written is not what it should be; the message says why, after "it"."""


def read_document(data: bytes) -> dict[str, JsonValue]:
    """The object that ``data`` holds as JSON in UTF-8; raises ``MalformedError``, for a member said twice too.

    >>> read_document(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    lading.bundles.evidence.documents.MalformedError: says the member 'a' twice
    """
    try:
        deep = depth_of(orjson.loads(data)) > DEEPEST
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"is not JSON: {error}") from None
    if deep:
        raise MalformedError(f"nests more than {DEEPEST} levels deep")
    document = json.loads(data, object_pairs_hook=_object)  # orjson would keep the last of two
    if not isinstance(document, dict):
        raise MalformedError("is not a JSON object")
    return document


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedError(f"says the member {name[:100]!r} twice")
        found[name] = value
    return found
