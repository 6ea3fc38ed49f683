"""The envelope: a statement with signatures of its exact bytes, as DSSE (Dead Simple Signing Envelope) lays it down."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from securesystemslib import dsse
from securesystemslib.signer import Signer

from lading.bundles.canonical import canonical_json
from lading.bundles.evidence.documents import MalformedError, read_document
from lading.bundles.evidence.statement import PAYLOAD_TYPE
from lading.bundles.manifest_reading import in_words

MOST_SIGNATURES = 8


class _Open(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Signature(_Open):
    keyid: str = ""
    sig: str


class _Envelope(_Open):
    payload: str
    payload_type: Annotated[str, Field(alias="payloadType")]
    signatures: Annotated[list[_Signature], Field(max_length=MOST_SIGNATURES)]


@dataclass(frozen=True)
class Signed:
    """One signature, and the key id that stands beside it: a hint that nobody signed."""

    key_id: str
    signature: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload and its signatures."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signed, ...]

    def signed_bytes(self) -> bytes:
        """What the signatures are of: the payload and its type, in DSSE's pre-authentication encoding."""
        return dsse.Envelope(self.payload, self.payload_type, {}).pae()


def seal(payload: bytes, signers: Sequence[Signer]) -> bytes:
    """The envelope of a statement with the signatures of ``signers``, as canonical JSON; with none it is unsigned."""
    envelope = dsse.Envelope(payload, PAYLOAD_TYPE, {})
    for signer in signers:
        envelope.sign(signer)
    return canonical_json(envelope.to_dict())


def read_envelope(data: bytes) -> Envelope:
    """The envelope that ``data`` holds, with nothing verified; raises ``MalformedError``."""
    try:
        found = _Envelope.model_validate(read_document(data))
    except ValidationError as error:
        raise MalformedError(f"is no DSSE envelope: {in_words(error)}") from None
    signatures = tuple(Signed(one.keyid, _bytes(one.sig, "a signature")) for one in found.signatures)
    return Envelope(found.payload_type, _bytes(found.payload, "its payload"), signatures)


def _bytes(text: str, what: str) -> bytes:
    """What base64 in the usual or the URL's alphabet stands for, where it is written in the one way there is."""
    try:
        data = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(f"has {what} that is not base64") from None
    if text not in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        raise MalformedError(f"has {what} in base64 that is not written as it should be")
    return data
