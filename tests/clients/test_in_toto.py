"""in-toto's own libraries: they read and verify the envelopes and the statements that Lading adds to a bundle."""

import json
from pathlib import Path
from typing import Any

import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import write_bundle
from lading.bundles.signing.signers import file_signer
from lading.core.main import main
from lading.loadtests.evidence import attest
from lading.loadtests.result import Verdict
from tests.clients.conftest import drive
from tests.loadtests.outcomes import REPORT, outcome
from tests.runtime.drafts import coins

pytestmark = pytest.mark.clients

SAID = {"who": "Ada", "for": ["production", "tests"]}


def lading(*arguments: str | Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code in (0, None)


def made_of(envelope: bytes, folder: Path) -> Any:
    """What in-toto's libraries make of an envelope, which verifies with the key ``release`` and not otherwise."""
    keys = {"key": (folder / "release.pub").read_text(), "stranger": (folder / "stranger.pub").read_text()}
    found = drive("in-toto", "in_toto_evidence", given={"envelope": json.loads(envelope), **keys})
    assert (found["verified"], found["changed"], found["by a stranger"]) == (True, False, False)
    return found


@pytest.mark.parametrize("verdict", ["passed", "failed", "undecided"])
def test_the_result_of_a_load_test(verdict: Verdict, tmp_path: Path) -> None:
    path = tmp_path / "coins.lading"
    digest = write_bundle(coins(), path)
    for name in ("release", "stranger"):
        lading("keygen", tmp_path / f"{name}.key")
    attest(path, outcome(verdict, digest), REPORT, [file_signer(str(tmp_path / "release.key"))])
    with open_bundle(path) as bundle:
        (envelope,) = bundle.evidence().values()
    found = made_of(envelope, tmp_path)
    assert found["statement"]["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    read = found["test result"]
    assert (read["result"], read["passed"], read["failed"]) == {
        "passed": ("PASSED", ["p99=50ms", "errors=0.1%"], []),
        "failed": ("FAILED", ["errors=0.1%"], ["p99=50ms"]),
        "undecided": ("FAILED", ["errors=0.1%"], ["p99=50ms"]),
    }[verdict]
    assert read["configuration"] == ["plan"]


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256"])
@pytest.mark.parametrize("kind", ["signature", "sign-off"])
def test_what_lading_signed(kind: str, algorithm: str, tmp_path: Path) -> None:
    path, key = tmp_path / "coins.lading", tmp_path / "release.key"
    digest = write_bundle(coins(), path)
    lading("keygen", key, "--type", algorithm)
    lading("keygen", tmp_path / "stranger.key", "--type", algorithm)
    if kind == "signature":
        lading("sign", path, "--key", key)
    else:
        (tmp_path / "said.json").write_text(json.dumps(SAID))
        lading("attest", path, "--type", kind, "--predicate", tmp_path / "said.json", "--key", key)
    with open_bundle(path) as bundle:
        (envelope,) = bundle.evidence().values()
    found = made_of(envelope, tmp_path)
    assert found["statement"] == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "coins@1.0.0", "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": f"urn:lading:{kind}:v1",
        "predicate": {"name": "coins", "version": "1.0.0"} if kind == "signature" else SAID,
    }
