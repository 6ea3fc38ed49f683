"""The kinds of evidence: what a statement can be about, each with the URI that in-toto calls a predicate type."""

from collections.abc import Mapping
from typing import Final, Literal

Kind = Literal["signature", "parity", "build", "load-test", "sign-off"]

SIGNATURE: Final = "signature"
"""That somebody stands for the bundle; it says no more than which one that is."""

PREDICATE_TYPES: Mapping[Kind, str] = {
    "signature": "urn:lading:signature:v1",
    "parity": "urn:lading:parity:v1",
    "build": "https://slsa.dev/provenance/v1",
    "load-test": "urn:lading:load-test:v1",
    "sign-off": "urn:lading:sign-off:v1",
}

KINDS: Mapping[str, Kind] = {uri: kind for kind, uri in PREDICATE_TYPES.items()}
"""The same, by its URI."""
