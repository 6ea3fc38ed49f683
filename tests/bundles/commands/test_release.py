"""``lading release`` as people use it: what is missing is named, and what is released says why."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.digest import digest_of
from lading.bundles.draft import write_bundle
from lading.bundles.evidence.adding import add_evidence
from lading.bundles.evidence.kinds import Kind
from lading.bundles.evidence.statement import read_statement
from lading.bundles.signing.envelope import read_envelope
from lading.core.main import main
from tests.runtime.drafts import coins
from tests.signatures import envelope, everybody, load_result, statement

Output = pytest.CaptureFixture[str]
PEOPLE = everybody()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A bundle that nobody has said anything of."""
    write_bundle(coins(), tmp_path / "coins.lading")
    return tmp_path / "coins.lading"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Runs the command line in this process, in a folder with a key, and gives its exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return int(ended.value.code or 0)

    run("keygen", "boss.key")
    return run


def trusting(folder: Path, then: str = "", boss: str = "") -> Path:
    """A trust file of the key of CI, and of the one of the boss."""
    path = PEOPLE.trust_file(folder, "release")
    path.write_text(f'{path.read_text()}[keys.boss]\nfile = "boss.pub"\nbundles = ["*"]\n{boss}{then}')
    return path


def say(path: Path, *kinds: Kind, by: str = "release", **predicate: Any) -> None:
    """Add a statement of each of those ``kinds``."""
    for kind in kinds:
        said = envelope(statement(path, kind, predicate if predicate else None), PEOPLE.signers[by])
        add_evidence(path, {f"evidence/{kind}-{digest_of(said)[7:15]}.json": said})


def test_all_that_is_missing_is_named_with_what_to_do(
    run: Callable[..., int], path: Path, tmp_path: Path, capsys: Output
) -> None:
    before = path.read_bytes()
    assert run("release", path, "--require", "parity,loadtest,sign-off", "--trust", trusting(tmp_path)) == 5
    said = capsys.readouterr().err
    assert said.startswith("error: coins 1.0.0 (sha256:")
    for kind, remedy in {"signature": "sign", "load-test": "loadtest", "sign-off": "attest"}.items():
        assert f"it has no {kind} of a trusted key: lading {remedy} {path} " in said
    assert "no parity" not in said
    assert path.read_bytes() == before


def test_what_brings_all_is_released_and_says_why(
    run: Callable[..., int], path: Path, tmp_path: Path, capsys: Output
) -> None:
    trust = trusting(tmp_path)
    say(path, "signature", "load-test")
    capsys.readouterr()
    assert run("release", path, "--trust", trust, "--key", "boss.key", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["released"], found["required"], found["warnings"]) == (True, ["signature", "parity", "load-test"], [])
    with open_bundle(path) as bundle:
        evidence = bundle.evidence()
        assert found["digest"] == bundle.digest
    said: Any = read_statement(read_envelope(evidence[found["file"]]).payload).predicate
    assert said["required"] == found["required"]
    assert said["trust"]["digest"]["sha256"] == digest_of(trust.read_bytes())[7:]
    assert [one["kind"] for one in said["evidence"]] == said["required"]
    named = {one["name"]: one["digest"]["sha256"] for one in said["evidence"] if one["kind"] != "parity"}
    assert named == {name: digest_of(data)[7:] for name, data in evidence.items() if name != found["file"]}
    once = path.read_bytes()
    assert run("release", path, "--trust", trust, "--key", "boss.key") == 0
    assert path.read_bytes() == once


def test_a_policy_can_ask_for_the_release(run: Callable[..., int], path: Path, tmp_path: Path, capsys: Output) -> None:
    trust = trusting(tmp_path, '[require]\n"*" = ["release", "load-test"]\n')
    say(path, "signature", "load-test")
    assert run("verify", path, "--trust", trust) == 5
    assert "it has no release of a trusted key" in capsys.readouterr().err
    assert run("release", path, "--trust", trust, "--key", "boss.key") == 0
    assert run("verify", path, "--trust", trust) == 0
    assert "release  verified by boss" in capsys.readouterr().out


def test_it_asks_for_no_less_than_the_trust_file(
    run: Callable[..., int], path: Path, tmp_path: Path, capsys: Output
) -> None:
    trust = trusting(tmp_path, '[require]\n"coi*" = ["sign-off", "parity"]\n')
    say(path, "signature", "load-test")
    assert run("release", path, "--require", "load-test", "--trust", trust) == 5
    said = capsys.readouterr().err
    assert "no sign-off" in said
    assert "no parity" in said  # the trust file asks for a statement, which the bundle's own record is not
    say(path, "sign-off", "parity")
    assert run("release", path, "--trust", trust) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"may be released  {path}  coins 1.0.0  sha256:")
    assert [line.split()[0] for line in lines[1:4]] == ["signature", "sign-off", "parity"]
    assert lines[-1].startswith("not recorded")


def test_a_waived_proof_is_none(run: Callable[..., int], tmp_path: Path, capsys: Output) -> None:
    draft, path = coins(), tmp_path / "waived.lading"
    write_bundle(replace(draft, parity=draft.parity.model_copy(update={"waiver": "good enough"})), path)
    say(path, "signature")
    ask = ("release", path, "--require", "parity", "--trust", trusting(tmp_path))
    assert run(*ask) == 5
    assert "and its own proof was waived: good enough" in capsys.readouterr().err
    say(path, "parity")
    assert run(*ask) == 0
    shown = capsys.readouterr().out
    assert "warning: " in shown
    assert "was waived: good enough" in shown


def test_a_load_test_that_failed_does_not_count_and_is_told_of_beside_one_that_passed(
    run: Callable[..., int], path: Path, tmp_path: Path, capsys: Output
) -> None:
    trust = trusting(tmp_path)
    say(path, "signature")
    say(path, "load-test", **load_result("FAILED", "p99<=50ms"))
    assert run("release", path, "--trust", trust) == 5
    assert "is failed, says release: its result is FAILED (failed: p99<=50ms)" in capsys.readouterr().err
    say(path, "load-test")
    assert run("release", path, "--trust", trust, "--key", "boss.key", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert "failed, says release" in found["warnings"][0]
    with open_bundle(path) as bundle:
        said: Any = read_statement(read_envelope(bundle.evidence()[found["file"]]).payload).predicate
    assert len(said["failed"]) == 1


def test_a_release_that_would_count_for_nothing_is_not_signed(
    run: Callable[..., int], path: Path, tmp_path: Path, capsys: Output
) -> None:
    say(path, "signature", "load-test")
    run("keygen", "stranger.key")
    before = path.read_bytes()
    trust = trusting(tmp_path, boss='evidence = ["sign-off"]\n')
    for key, why in {"stranger.key": "by a key that is trusted here", "boss.key": "may vouch for"}.items():
        assert run("release", path, "--trust", trust, "--key", key) == 5
        assert why in capsys.readouterr().err
    assert path.read_bytes() == before


def test_without_anybody_to_trust_nothing_is_said(
    run: Callable[..., int], path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    say(path, "signature", "load-test")
    assert run("release", path) == 2
    said = capsys.readouterr().err
    assert "nobody's keys are trusted" in said
    (tmp_path / "short.toml").write_text(said.rpartition("the line: ")[2])
    monkeypatch.setenv("LADING_TRUST", str(trusting(tmp_path)))
    assert run("release", path) == 0
    (tmp_path / "ci.pub").write_bytes((tmp_path / "boss.pub").read_bytes())
    assert run("release", path, "--trust", "short.toml") == 5  # it is a trust file, of a key that signed nothing


@pytest.mark.parametrize("word", ["release", "load_test", "", "parity,,loadtest"])
def test_what_nobody_can_require_is_a_mistake(
    word: str, run: Callable[..., int], path: Path, tmp_path: Path, capsys: Output
) -> None:
    assert run("release", path, "--require", word, "--trust", trusting(tmp_path)) == 2
    assert "it can require signature, parity, build, load-test" in capsys.readouterr().err
