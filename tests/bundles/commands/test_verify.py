"""``lading verify``: what is sound, what is broken, and the exit code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lading.bundles.draft import Draft, write_bundle
from lading.core.main import main

Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    """Runs the command line in this process and gives its exit code."""

    def run(*arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        code = ended.value.code
        return 0 if code is None else int(code)

    return run


def test_sound_bundles(run: Run, archive: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", archive, folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"ok  {archive}  penguins 1.0.0  sha256:")
    assert lines[1].startswith(f"ok  {folder}  penguins 1.0.0  sha256:")
    assert len(lines) == 2


def test_a_broken_one_is_named_and_the_others_are_still_checked(
    run: Run, archive: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "profile.json").write_bytes(b"{}")
    assert run("verify", folder, archive) == 4
    output = capsys.readouterr()
    assert "profile.json" in output.err
    assert str(folder) in output.err
    assert str(archive) in output.out


def test_json(run: Run, archive: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "extra").write_bytes(b"")
    assert run("verify", archive, folder, tmp_path / "none", "--json") == 4
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    sound, broken, none = document["bundles"]
    assert sound == {
        "path": str(archive),
        "ok": True,
        "name": "penguins",
        "version": "1.0.0",
        "digest": sound["digest"],
        "evidence": [],
        "policy": {"mode": "off", "problems": []},
    }
    assert (broken["kind"], broken["exit_code"]) == ("ExtraFileError", 4)
    assert (none["kind"], none["exit_code"]) == ("NoSuchBundleError", 2)


def test_nothing_there_is_a_usage_error(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", tmp_path / "none.lading") == 2
    assert "none.lading" in capsys.readouterr().err


def test_a_waiver_is_shown(
    run: Run, make_draft: Callable[..., Draft], draft: Draft, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parity = draft.parity.model_copy(update={"waiver": "scores differ"})
    write_bundle(make_draft(parity=parity), tmp_path / "x.lading")
    assert run("verify", tmp_path / "x.lading") == 0
    assert "waived: scores differ" in capsys.readouterr().out
    run("verify", tmp_path / "x.lading", "--json")
    assert json.loads(capsys.readouterr().out)["bundles"][0]["waiver"] == "scores differ"


def test_a_bundle_is_loaded_where_that_is_asked_for(
    run: Run, make_draft: Callable[..., Draft], draft: Draft, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {**draft.golden.outputs, "label": ("Gentoo", "Gentoo")}
    write_bundle(make_draft(golden=draft.golden.model_copy(update={"outputs": outputs})), tmp_path / "wrong.lading")
    write_bundle(draft, tmp_path / "right.lading")
    assert run("verify", tmp_path / "wrong.lading") == 0
    assert run("verify", tmp_path / "right.lading", "--load") == 0
    assert run("verify", tmp_path / "wrong.lading", "--load") == 4
    assert "golden row 0" in capsys.readouterr().err
    run("verify", tmp_path / "right.lading", "--load", "--json")
    (result,) = json.loads(capsys.readouterr().out)["bundles"]
    assert result["loads"] is True
    assert isinstance(result["unbounded"], list)
