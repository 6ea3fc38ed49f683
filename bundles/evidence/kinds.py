"""The kinds of evidence: what a statement can be about, each with the URI that in-toto calls a predicate type."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import JsonValue

Kind = Literal["signature", "parity", "build", "load-test", "sign-off", "release"]

SIGNATURE: Final = "signature"
"""That somebody stands for the bundle; it says no more than which one that is."""
PARITY: Final = "parity"
LOAD_TEST: Final = "load-test"
RELEASE: Final = "release"

PREDICATE_TYPES: Mapping[Kind, str] = {
    "signature": "urn:lading:signature:v1",
    "parity": "urn:lading:parity:v1",
    "build": "https://slsa.dev/provenance/v1",
    "load-test": "https://in-toto.io/attestation/test-result/v0.1",
    "sign-off": "urn:lading:sign-off:v1",
    "release": "urn:lading:release:v1",
}

FIGURES: Final = "urn:lading:load-test:v1"
"""The member of a test result that makes it one of a load test, and holds its figures; once a predicate type itself."""

_KINDS: Mapping[str, Kind] = {**{uri: kind for kind, uri in PREDICATE_TYPES.items()}, FIGURES: LOAD_TEST}


def kind_of(predicate_type: str, predicate: Mapping[str, JsonValue]) -> Kind | None:
    """What a statement with that predicate is about; None where that is no kind known here.

    A test result of in-toto can be that of any test: it is a load test's where it has the member ``FIGURES``.
    """
    kind = _KINDS.get(predicate_type)
    if predicate_type == PREDICATE_TYPES[LOAD_TEST] and not isinstance(predicate.get(FIGURES), dict):
        return None
    return kind
