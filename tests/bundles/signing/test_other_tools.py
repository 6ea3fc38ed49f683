"""Other tools: what Lading signs is verified without it, and what they sign Lading verifies."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from lading.bundles.bundle import open_bundle
from lading.bundles.evidence.adding import add_evidence
from lading.core.main import main

ALGORITHMS = ("ed25519", "ecdsa-p256")


def lading(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=60, check=False)


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """As the specification of DSSE, version 1, writes it down."""
    kind = payload_type.encode()
    return b" ".join([b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload])


def fits(key: Ed25519PublicKey | EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, data)
        else:
            key.verify(signature, data, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@pytest.fixture(params=ALGORITHMS)
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def envelope(algorithm: str, archive: Path, tmp_path: Path) -> dict[str, Any]:
    """What ``lading sign`` adds to a bundle, as JSON."""
    assert lading("keygen", tmp_path / "k.key", "--type", algorithm) == 0
    assert lading("sign", archive, "--key", tmp_path / "k.key") == 0
    with open_bundle(archive) as bundle:
        (data,) = bundle.evidence().values()
    document = json.loads(data)
    assert isinstance(document, dict)
    return document


def test_an_envelope_is_as_dsse_and_in_toto_say(envelope: dict[str, Any], archive: Path) -> None:
    assert envelope.keys() == {"payload", "payloadType", "signatures"}
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(envelope["payload"]))
    with open_bundle(archive) as bundle:
        manifest = bundle.read("manifest.json")
    assert statement == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "penguins@1.0.0", "digest": {"sha256": hashlib.sha256(manifest).hexdigest()}}],
        "predicateType": "urn:lading:signature:v1",
        "predicate": {"name": "penguins", "version": "1.0.0"},
    }


def test_plain_cryptography_verifies_it(envelope: dict[str, Any], tmp_path: Path) -> None:
    key = load_pem_public_key((tmp_path / "k.pub").read_bytes())
    assert isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey)
    signed = pre_authentication_encoding(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    (signature,) = envelope["signatures"]
    assert fits(key, base64.b64decode(signature["sig"]), signed)
    assert not fits(key, base64.b64decode(signature["sig"]), signed + b" ")


def test_openssl_verifies_it_and_tells_the_key_id(envelope: dict[str, Any], algorithm: str, tmp_path: Path) -> None:
    signed, signature, public = tmp_path / "signed", tmp_path / "signature", tmp_path / "k.pub"
    signed.write_bytes(pre_authentication_encoding(envelope["payloadType"], base64.b64decode(envelope["payload"])))
    (one,) = envelope["signatures"]
    signature.write_bytes(base64.b64decode(one["sig"]))
    ways = {
        "ed25519": ("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", signed, "-sigfile", signature),
        "ecdsa-p256": ("dgst", "-sha256", "-verify", public, "-signature", signature, signed),
    }
    ran = openssl(*ways[algorithm])
    assert ran.returncode == 0, ran.stderr
    signed.write_bytes(signed.read_bytes() + b" ")
    assert openssl(*ways[algorithm]).returncode != 0
    der = openssl("pkey", "-pubin", "-in", public, "-outform", "DER").stdout
    assert one["keyid"] == hashlib.sha256(der).hexdigest()


def test_a_key_that_openssl_made_signs(algorithm: str, archive: Path, tmp_path: Path) -> None:
    made = {"ed25519": ("ed25519",), "ecdsa-p256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256")}[algorithm]
    private, public = tmp_path / "o.key", tmp_path / "o.pub"
    assert openssl("genpkey", "-algorithm", *made, "-out", private).returncode == 0
    private.chmod(0o600)
    assert openssl("pkey", "-in", private, "-pubout", "-out", public).returncode == 0
    assert lading("sign", archive, "--key", private) == 0
    assert lading("verify", archive, "--key", public) == 0


def test_what_openssl_signed_is_verified(archive: Path, tmp_path: Path) -> None:
    private, public = tmp_path / "o.key", tmp_path / "o.pub"
    assert openssl("genpkey", "-algorithm", "ed25519", "-out", private).returncode == 0
    assert openssl("pkey", "-in", private, "-pubout", "-out", public).returncode == 0
    with open_bundle(archive) as bundle:
        digest = bundle.digest.removeprefix("sha256:")
    statement = json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "manifest.json", "digest": {"sha256": digest}}],
            "predicateType": "urn:lading:signature:v1",
            "predicate": {},
        },
        indent=2,
    ).encode()
    signed, signature = tmp_path / "signed", tmp_path / "signature"
    signed.write_bytes(pre_authentication_encoding("application/vnd.in-toto+json", statement))
    ran = openssl("pkeyutl", "-sign", "-inkey", private, "-rawin", "-in", signed, "-out", signature)
    assert ran.returncode == 0, ran.stderr
    document = {
        "payloadType": "application/vnd.in-toto+json",
        "payload": base64.b64encode(statement).decode(),
        "signatures": [{"sig": base64.b64encode(signature.read_bytes()).decode()}],
    }
    add_evidence(archive, {"evidence/theirs.json": json.dumps(document).encode()})
    assert lading("verify", archive, "--key", public) == 0
