"""The statement: an in-toto statement, version 1, which says something of a bundle by its digest."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from lading.bundles.canonical import canonical_json
from lading.bundles.evidence.documents import MalformedError, read_document
from lading.bundles.manifest import Manifest
from lading.bundles.manifest_reading import in_words

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MOST_SUBJECTS = 64


class _Open(BaseModel):
    """A part of a statement; what in-toto adds later is passed over, as it asks its readers to do."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Subject(_Open):
    """What a statement is about."""

    name: str | None = None
    digest: dict[str, str]


class Statement(_Open):
    """What somebody says of one or several things."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    subject: Annotated[list[Subject], Field(min_length=1, max_length=MOST_SUBJECTS)]
    predicate_type: Annotated[str, Field(alias="predicateType", min_length=1)]
    predicate: dict[str, JsonValue] = {}

    def is_about(self, digest: str) -> bool:
        """Whether a thing of that ``digest`` (``sha256:…``) is among what it is about."""
        return any(subject.digest.get("sha256") == digest.removeprefix("sha256:") for subject in self.subject)


def make_statement(manifest: Manifest, digest: str, predicate_type: str, predicate: Mapping[str, JsonValue]) -> bytes:
    """The statement about the bundle of ``manifest``, whose digest is ``digest``, as bytes to be signed.

    The same statement is the same bytes: there is no time in it. Raises ``NotCanonicalError``.
    """
    subject: JsonValue = {
        "name": f"{manifest.name}@{manifest.version}",
        "digest": {"sha256": digest.removeprefix("sha256:")},
    }
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [subject],
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    )


def read_statement(payload: bytes) -> Statement:
    """The statement that ``payload`` holds; raises ``MalformedError``."""
    document = read_document(payload)
    try:
        return Statement.model_validate(document)
    except ValidationError as error:
        raise MalformedError(f"is no in-toto statement of version 1: {in_words(error)}") from None
