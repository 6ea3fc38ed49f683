"""``lading keygen``, ``sign``, ``attest`` and ``verify`` as people use them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.evidence.kinds import PREDICATE_TYPES
from lading.bundles.evidence.statement import read_statement
from lading.bundles.signing.envelope import read_envelope
from lading.core.main import main
from tests.signatures import load_result

Output = pytest.CaptureFixture[str]
Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the command line in this process, in a folder of its own, and gives its exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return int(ended.value.code or 0)

    return run


def document(output: Output) -> Any:
    return json.loads(output.readouterr().out)


def trust_file(folder: Path, **bundles: str) -> Path:
    path = folder / "trust.toml"
    keys = (f'[keys.{name}]\nfile = "{name}.pub"\nbundles = ["{pattern}"]\n' for name, pattern in bundles.items())
    path.write_text("".join(keys))
    return path


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_what_is_signed_is_verified_with_the_key_and_with_no_other(
    form: str, run: Run, request: pytest.FixtureRequest, capsys: Output
) -> None:
    bundle = request.getfixturevalue(form)
    assert run("keygen", "release.key") == run("keygen", "other.key", "--type", "ecdsa-p256") == 0
    assert run("sign", bundle, "--key", "release.key") == 0
    capsys.readouterr()
    assert run("verify", bundle, "--key", "release.pub") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"ok  {bundle}  penguins 1.0.0  sha256:")
    assert lines[1].endswith("signature  verified by release.pub")
    assert run("verify", bundle, "--key", "other.pub") == 5
    assert "no signature of a trusted key" in capsys.readouterr().err
    assert run("verify", bundle, "--key", "other.pub", "--key", "release.pub") == 0
    assert run("verify", bundle) == 0


def test_several_sign_in_one_go_and_one_after_the_other(
    run: Run, archive: Path, tmp_path: Path, capsys: Output
) -> None:
    for name in ("ada", "grace", "joan"):
        run("keygen", f"{name}.key")
    assert (
        run("sign", archive, "--key", "ada.key", "--key", "grace.key") == run("sign", archive, "--key", "joan.key") == 0
    )
    capsys.readouterr()
    assert run("verify", archive, "--trust", trust_file(tmp_path, ada="*", grace="*", joan="pen*"), "--json") == 0
    (found,) = document(capsys)["bundles"]
    assert sorted(one["keys"] for one in found["evidence"]) == [["ada", "grace"], ["joan"]]
    assert found["policy"] == {"mode": "enforce", "problems": []}


def test_signing_twice_with_one_key_changes_nothing_more(run: Run, archive: Path) -> None:
    run("keygen", "a.key")
    run("sign", archive, "--key", "a.key")
    before = archive.read_bytes()
    assert run("sign", archive, "--key", "a.key") == 0
    assert archive.read_bytes() == before


@pytest.mark.parametrize("kind", ["parity", "build", "load-test", "sign-off"])
def test_a_statement_says_what_its_file_says(
    kind: str, run: Run, archive: Path, tmp_path: Path, capsys: Output
) -> None:
    said = {"who": "Ada", "numbers": [1, 2.5, None], "note": "line\nok  other.lading\x1b[2J"}
    if kind == "load-test":
        said |= load_result()
    (tmp_path / "said.json").write_text(json.dumps(said))
    run("keygen", "a.key")
    capsys.readouterr()
    assert run("attest", archive, "--type", kind, "--predicate", "said.json", "--key", "a.key", "--json") == 0
    (added,) = document(capsys)["added"]
    with open_bundle(archive) as bundle:
        statement = read_statement(read_envelope(bundle.evidence()[added["file"]]).payload)
        assert added["digest"] == bundle.digest
    assert statement.predicate == said
    assert statement.predicate_type == PREDICATE_TYPES[kind]  # type: ignore[index]
    run("verify", archive, "--trust", trust_file(tmp_path, a="*"), "--policy", "warn", "--json")
    (found,) = document(capsys)["bundles"]
    assert [(one["kind"], one["outcome"]) for one in found["evidence"]] == [(kind, "verified")]
    assert "no signature" in found["policy"]["problems"][0]


@pytest.mark.parametrize(
    ("predicate", "said"),
    [
        ({"result": "PASSED", "configuration": []}, "no result of a load test"),
        (load_result("passed"), "PASSED, WARNED, FAILED"),
        ({"p99": 0.05}, "no result of a load test"),
    ],
    ids=["of some other test", "another word", "figures alone"],
)
def test_what_would_count_for_no_load_test_is_not_signed_as_one(
    predicate: Mapping[str, Any], said: str, run: Run, archive: Path, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "load.json").write_text(json.dumps(predicate))
    before = archive.read_bytes()
    assert run("attest", archive, "--type", "load-test", "--predicate", "load.json") == 2
    assert said in capsys.readouterr().err
    assert archive.read_bytes() == before


def test_a_load_test_that_failed_is_warned_of(run: Run, archive: Path, tmp_path: Path, capsys: Output) -> None:
    run("keygen", "a.key")
    run("sign", archive, "--key", "a.key")
    (tmp_path / "load.json").write_text(json.dumps(load_result("FAILED", "p99<=50ms")))
    assert run("attest", archive, "--type", "load-test", "--predicate", "load.json", "--key", "a.key") == 0
    capsys.readouterr()
    trust = trust_file(tmp_path, a="*")
    assert run("verify", archive, "--trust", trust) == 0
    assert "a load-test of it failed, says a: its result is FAILED (failed: p99<=50ms)" in capsys.readouterr().out
    trust.write_text(trust.read_text() + '[require]\n"*" = ["load-test"]\n')
    assert run("verify", archive, "--trust", trust) == 5
    assert "it has no load-test of a trusted key (evidence/load-test-" in capsys.readouterr().err
    run("inspect", archive, "--trust", trust)
    assert "failed, says a: its result is FAILED" in capsys.readouterr().out


def test_a_statement_may_stay_unsigned(run: Run, archive: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "said.json").write_text("{}")
    assert run("attest", archive, "--type", "sign-off", "--predicate", "said.json") == 0
    assert "not signed" in capsys.readouterr().out
    run("inspect", archive, "--json")
    (found,) = document(capsys)["evidence"]
    assert (found["kind"], found["outcome"], found["keys"]) == ("sign-off", "unsigned", [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "not a JSON object"),
        ('{"a": 1, "a": 2}', "twice"),
        ("", "not JSON"),
        (f'{{"a": "{"x" * 200_000}"}}', "200009 bytes"),
        (f'{{"a": {2**63 + 1}}}', "canonical"),
    ],
    ids=["a list", "a member twice", "nothing", "too much", "a number without a form"],
)
def test_what_no_statement_can_say_is_refused(
    text: str, said: str, run: Run, archive: Path, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "said.json").write_text(text)
    before = archive.read_bytes()
    assert run("attest", archive, "--type", "sign-off", "--predicate", "said.json") == 2
    assert said in capsys.readouterr().err
    assert archive.read_bytes() == before


def test_a_trust_file_may_stand_in_the_settings(
    run: Run, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    run("keygen", "a.key")
    monkeypatch.setenv("LADING_TRUST", str(trust_file(tmp_path, a="*")))
    assert run("verify", archive) == 5
    assert run("verify", archive, "--policy", "off") == 0
    monkeypatch.setenv("LADING_POLICY", "warn")
    capsys.readouterr()
    assert run("verify", archive) == 0
    assert "warning: " in capsys.readouterr().out
    run("sign", archive, "--key", "a.key")
    assert run("verify", archive, "--policy", "enforce") == 0
    assert run("inspect", archive) == 0
    assert "verified by a" in capsys.readouterr().out


def test_keys_are_said_in_one_way(run: Run, archive: Path, tmp_path: Path) -> None:
    run("keygen", "a.key")
    assert run("verify", archive, "--key", "a.pub", "--trust", trust_file(tmp_path, a="*")) == 2


def test_a_broken_bundle_is_that_first(run: Run, folder: Path, archive: Path) -> None:
    run("keygen", "a.key")
    (folder / "profile.json").write_bytes(b"{}")
    assert run("verify", folder, archive, "--key", "a.pub") == 4
    assert run("verify", archive, "--key", "a.pub") == 5


def test_a_key_is_made_once(run: Run, tmp_path: Path, capsys: Output) -> None:
    assert run("keygen", "a.key", "--json") == 0
    made = document(capsys)
    assert made.keys() == {"private", "public", "type", "id"}
    before = (tmp_path / "a.key").read_bytes()
    assert run("keygen", "a.key") == 3
    assert (tmp_path / "a.key").read_bytes() == before


def test_another_signer_is_a_plugin(archive: Path, tmp_path: Path) -> None:
    """A package that offers a signer, as one for a hardware module would, is found by its name alone."""
    package = tmp_path / "site"
    info = package / "vault-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vault\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lading.signers]\nvault = vault:open_signer\n")
    (package / "vault.py").write_text(
        "from securesystemslib.signer import CryptoSigner\n"
        "def open_signer(reference):\n"
        "    assert reference == 'slot:7', reference\n"
        "    return CryptoSigner.generate_ed25519(keyid='vault/7')\n"
    )
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(package)}
    command: list[str | Path] = [
        Path(sys.executable).parent / "lading",
        "sign",
        archive,
        "--key",
        "vault:slot:7",
        "--json",
    ]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["added"][0]["keys"] == ["vault/7"]
