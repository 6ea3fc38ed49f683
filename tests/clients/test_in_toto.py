"""in-toto's own libraries: they read and verify the envelopes and the statements that Lading adds to a bundle."""

import json
from pathlib import Path

import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import write_bundle
from lading.core.main import main
from tests.clients.conftest import drive
from tests.runtime.drafts import coins

pytestmark = pytest.mark.clients

SAID = {"who": "Ada", "for": ["production", "tests"]}


def lading(*arguments: str | Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code in (0, None)


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
    keys = {"key": key.with_suffix(".pub").read_text(), "stranger": (tmp_path / "stranger.pub").read_text()}
    found = drive("in-toto", "in_toto_evidence", given={"envelope": json.loads(envelope), **keys})
    assert (found["verified"], found["changed"], found["by a stranger"]) == (True, False, False)
    assert found["statement"] == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "coins@1.0.0", "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": f"urn:lading:{kind}:v1",
        "predicate": {"name": "coins", "version": "1.0.0"} if kind == "signature" else SAID,
    }
