"""Operations: what OpenAPI says of a path in every protocol: its answers, its refusals and their headers."""

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from lading.runtime.errors import SHOWN
from lading.runtime.protocols.error_table import meaning
from lading.runtime.protocols.head import BINARY_LENGTH, LONGEST_TIMEOUT, TIMEOUT, WARNINGS
from lading.runtime.protocols.media import JSON
from lading.runtime.protocols.replies import DIGEST_HEADER
from lading.runtime.protocols.schemas import TEXT, Schema

WORDS: Schema = TEXT | {"description": "what was found, what was expected, what to do"}

ERROR: Schema = {"title": "Error", "type": "object", "properties": {"error": WORDS}, "required": ["error"]}

FIELD_ERROR: Schema = {
    "title": "FieldError",
    "type": "object",
    "properties": {
        "error": WORDS,
        "field": {"type": "string", "maxLength": SHOWN, "description": "the field at fault, where there is one"},
        "row": {"type": "integer", "minimum": 0, "description": "the row at fault, where there are several; from 0"},
    },
    "required": ["error"],
}

ANY_ERROR: Schema = {
    "title": "AnyError",
    "type": "object",
    "properties": {"error": WORDS, "error_code": TEXT | {"description": "MLflow's name for it"}, "message": WORDS},
    "required": ["error"],
}
"""What is said before the request has reached a protocol."""

SOONER: Schema = {
    "name": TIMEOUT.decode(),
    "in": "header",
    "description": "How many milliseconds the client waits for its answer; it cannot wait longer than the server does.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 10**LONGEST_TIMEOUT - 1},
}
"""The header of predictions."""

WARNINGS_TEXT: Schema = TEXT | {
    "contentMediaType": JSON,
    "description": "How many values are not like the training data, and the first of them.",
}

WARNED: Schema = {
    "name": WARNINGS.decode(),
    "in": "header",
    "description": "Whether the answer has a header that tells which values are not like the training data.",
    "schema": {"enum": ["true", "false"]},
}

DIGEST: Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
DIGEST_NAME = DIGEST_HEADER.decode()

RETRY: Schema = {"retry-after": {"description": "When to come again, in seconds.", "schema": {"type": "integer"}}}

ANYWHERE = (400, 403, 408, 414, 431, 500, 502, 503, 504)
"""What any request may be answered, mostly by the edge, before a protocol sees it."""
WITH_BODY = (411, 413)
WITH_KEYS = (401, 429)
"""The same of requests that have a body, and where keys are asked for."""

PARAMETER = re.compile(r"\{(\w+)\}")
"""A parameter in a path."""
WORDS_OF_PATH = str.maketrans("/:", "__", "{}")

PREDICTING = (408, 413, 500, 503, 504)
"""What any prediction may be answered."""


def operation(name: str, tag: str, summary: str, answer: Schema, digest: bool = False) -> Schema:
    """A ``GET`` that answers with JSON; ``digest`` says that the answer names the bundle that it is about."""
    return get(name, tag, summary, {JSON: {"schema": answer}}, digest)


def get(name: str, tag: str, summary: str, content: Schema, digest: bool = False) -> Schema:
    """A ``GET`` that answers with ``content``."""
    described: Schema = {"description": summary + ".", "content": content}
    if digest:
        described["headers"] = digests()
    return {"operationId": name, "tags": [tag], "summary": summary, "responses": {"200": described}}


def until_ready(made: Schema, schema: Schema, digest: bool = False) -> Schema:
    """The operation ``made``, which answers 503 with ``schema`` while the server leaves."""
    left: Schema = {"description": "The server is leaving.", "content": {JSON: {"schema": _or_refused(schema)}}}
    if digest:
        left["headers"] = digests(False)
    return _with_responses(made, {"503": left})


def prediction(
    name: str, tag: str, summary: str, taken: Schema, told: Schema, refused: Schema, headers: Sequence[Schema] = ()
) -> Schema:
    """A ``POST`` that takes the content ``taken``, answers ``told``, and refuses with the responses ``refused``."""
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "parameters": [SOONER, WARNED, *headers],
        "requestBody": {"required": True, "content": taken},
        "responses": {"200": told, **refused},
    }


def answered(text: str, content: Schema, binary: bool = False) -> Schema:
    """The answer to a prediction; ``binary`` says that it may be JSON and bytes behind it."""
    headers = digests()
    headers[WARNINGS.decode()] = {"description": "What was asked for with the header.", "schema": WARNINGS_TEXT}
    if binary:
        headers[BINARY_LENGTH.decode()] = {
            "description": "The bytes of the JSON; what follows are tensors. Only where the answer has bytes.",
            "schema": {"type": "integer", "minimum": 0},
        }
    return {"description": text, "headers": headers, "content": content}


def refusals(error: Schema, *statuses: int, media: str = JSON, digest: bool = False) -> Schema:
    """The responses of an operation that refuses with these statuses; ``digest`` says that they name the bundle."""
    return {str(status): _refusal(error, status, media, digest) for status in statuses}


def unoffered_paths(
    asked: Mapping[str, Sequence[str]],
    root: str,
    before: str = "",
    example: Mapping[str, str] | None = None,
    unknown: bool = False,
) -> dict[str, JsonValue]:
    """The paths under ``root`` that are ``asked`` with these methods, and answered 501 whatever they are asked.

    ``before`` begins the names of their operations, ``example`` has values of their parameters, and ``unknown`` says
    that a model that is not known is answered 404.
    """
    known, statuses = example or {}, (404, 501) if unknown else (501,)
    made: dict[str, JsonValue] = {}
    for path, methods in asked.items():
        words = path.removeprefix(root).translate(WORDS_OF_PATH)
        given = [_in_path(one, known.get(one, "any")) for one in PARAMETER.findall(path)]
        made[path] = {
            method.lower(): _not_offered(f"{before}{method.lower()}_{words}", given, statuses) for method in methods
        }
    return made


def digests(always: bool = True) -> Schema:
    """The header that names the bundle; what the edge refuses itself does not ``always`` have it."""
    told = "The digest of the bundle that answered."
    return {DIGEST_NAME: {"description": told, **({"required": True} if always else {}), "schema": DIGEST}}


def _refusal(error: Schema, status: int, media: str, digest: bool) -> Schema:
    text = meaning(status).text
    made: Schema = {"description": text[0].upper() + text[1:] + ".", "content": {media: {"schema": error}}}
    headers = {**(digests(False) if digest else {}), **(RETRY if status in (429, 503) else {})}
    return {**made, "headers": headers} if headers else made


def _in_path(name: str, value: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": TEXT, "example": value}


def _not_offered(name: str, parameters: list[Schema], statuses: Sequence[int]) -> Schema:
    made: Schema = {"operationId": name, "tags": ["not offered"], "summary": "Not offered here"}
    given: Schema = {"parameters": [*parameters]} if parameters else {}
    return {**made, **given, "responses": refusals(ERROR, *statuses)}


def _or_refused(schema: Schema) -> Schema:
    return {"anyOf": [schema, ANY_ERROR]}


def _with_responses(made: Schema, more: Schema) -> Schema:
    known = made["responses"]
    return {**made, "responses": {**(known if isinstance(known, dict) else {}), **more}}
