"""Signatures for tests: keys, who trusts them, and evidence made by hand."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner, Signer

from lading.bundles.bundle import open_bundle
from lading.bundles.evidence.kinds import FIGURES, PREDICATE_TYPES, Kind
from lading.bundles.evidence.statement import make_statement
from lading.bundles.signing.envelope import seal
from lading.bundles.signing.keys import Algorithm, PublicKey, new_key, public_pem, verifier
from lading.bundles.signing.policy import Policy
from lading.bundles.signing.trust import Trust, TrustedKey
from lading.core.settings import PolicyMode

KEYS: Mapping[str, Algorithm] = {
    "release": "ed25519",
    "backup": "ecdsa-p256",
    "churn": "ed25519",
    "stranger": "ed25519",
}
REACH = {"release": ("*",), "backup": ("peng*",), "churn": ("churn", "churn-*")}


def new_signer(algorithm: Algorithm = "ed25519") -> CryptoSigner:
    """What signs with a fresh key."""
    key = new_key(algorithm)
    return CryptoSigner(key, verifier(key.public_key()))


def public_key(signer: CryptoSigner) -> PublicKey:
    """The key that verifies what it signs."""
    key: PublicKey = signer._private_key.public_key()  # type: ignore[assignment]
    return key


@dataclass(frozen=True)
class People:
    """Those who sign: ``release`` and ``backup``, ``churn`` for other bundles than ours, and a ``stranger``."""

    signers: Mapping[str, CryptoSigner]

    def trust(self, require: Mapping[str, tuple[Kind, ...]] | None = None) -> Trust:
        """Whom somebody trusts who knows all but the stranger."""
        keys = tuple(
            TrustedKey(name=name, public=public_pem(public_key(self.signers[name])).decode(), bundles=bundles)
            for name, bundles in REACH.items()
        )
        return Trust(keys=keys, require={} if require is None else require)

    def policy(self, mode: PolicyMode, require: Mapping[str, tuple[Kind, ...]] | None = None) -> Policy:
        """What they ask."""
        return Policy(mode=mode, trust=self.trust(require))

    def trust_file(self, folder: Path, *names: str, then: str = "") -> Path:
        """A trust file in ``folder`` that knows ``names``, each for every bundle."""
        for name in names:
            (folder / f"{name}.pub").write_bytes(public_pem(public_key(self.signers[name])))
        path = folder / "trust.toml"
        keys = "".join(f'[keys.{name}]\nfile = "{name}.pub"\nbundles = ["*"]\n' for name in names)
        path.write_text(keys + then)
        return path


def everybody() -> People:
    """All of them, with fresh keys."""
    return People({name: new_signer(algorithm) for name, algorithm in KEYS.items()})


def statement(path: Path, kind: Kind = "signature", predicate: Any = None, **changes: Any) -> bytes:
    """The statement that Lading makes of the bundle at ``path``, or with members that are otherwise."""
    with open_bundle(path) as bundle:
        said = ({} if kind != "load-test" else load_result()) if predicate is None else predicate
        made = make_statement(bundle.manifest, bundle.digest, PREDICATE_TYPES[kind], said)
    return json.dumps({**json.loads(made), **changes}).encode() if changes else made


def load_result(result: str = "PASSED", *failed: str) -> dict[str, Any]:
    """What the statement of a load test says."""
    return {"result": result, "configuration": [], "failedTests": [*failed], FIGURES: {}}


def envelope(payload: bytes, /, *signers: Signer, **changes: Any) -> bytes:
    """An envelope as Lading writes it, or with members that are otherwise."""
    made = seal(payload, signers)
    return json.dumps({**json.loads(made), **changes}).encode() if changes else made


def encoded(data: bytes) -> str:
    """In base64."""
    return base64.b64encode(data).decode()
