"""``lading diff``: what changed, for people and for programs, with the exit codes of ``diff``."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lading.bundles.draft import Draft, write_bundle
from lading.core.main import main

MakeDraft = Callable[..., Draft]


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["diff", *map(str, arguments)])
    code = ended.value.code
    return 0 if code is None else int(code)


@pytest.fixture
def bundles(make_draft: MakeDraft, draft: Draft, tmp_path: Path) -> tuple[Path, Path]:
    """A bundle, and one with another description, one tag less and one more."""
    made = make_draft(model=b"\x08\x0a\x3a\x00")
    write_bundle(made, tmp_path / "a.lading")
    tags = {f"tag{number}": "new" for number in range(30)}
    provenance = draft.provenance.model_copy(update={"tags": tags})
    changed = {"description": "\x1b[2J[red]gone[/]" + "x" * 300, "provenance": provenance}
    write_bundle(make_draft(model=b"\x08\x0a\x3a\x00", **changed), tmp_path / "b")
    return tmp_path / "a.lading", tmp_path / "b"


def test_the_same_bundle_ends_with_0(bundles: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bundles[0], bundles[0]) == 0
    assert capsys.readouterr().out.startswith("the same: sha256:")
    assert run(bundles[0], bundles[0], "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["same"], document["changes"]) == (True, {})


def test_what_differs_is_shown_as_text_and_ends_with_1(
    bundles: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*bundles) == 1
    out = capsys.readouterr().out
    assert r"description  Tells penguins apart. → \x1b[2J[red]gone[/]xxx" in out
    assert "x…" in out
    assert "\x1b" not in out
    assert "tag stage  - test" in out
    assert "tag tag0  + new" in out
    assert "and 12 more; --json has them all" in out


def test_programs_get_all_of_it(bundles: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*bundles, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["same"] is False
    assert len(document["changes"]["bundle"]) == 32
    assert {"name": "tag stage", "kind": "removed", "before": "test"} in document["changes"]["bundle"]
    assert {"name": "tag tag29", "kind": "added", "after": "new"} in document["changes"]["bundle"]


def test_trouble_keeps_its_own_code(bundles: tuple[Path, Path], tmp_path: Path) -> None:
    assert run(bundles[0], tmp_path / "gone.lading") == 2
    (tmp_path / "broken.lading").write_bytes(bundles[0].read_bytes()[:-5])
    assert run(bundles[0], tmp_path / "broken.lading") == 4


WITHOUT = """
import sys
for name in ("onnx", "sklearn", "pandas", "pyarrow"):
    sys.modules[name] = None
from lading.core.main import main
main(["diff", *sys.argv[1:]])
"""


def test_no_library_of_models_or_tables_is_needed(bundles: tuple[Path, Path]) -> None:
    command = [sys.executable, "-c", WITHOUT, *map(str, bundles)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "Bundle" in ran.stdout


def test_colours_are_for_terminals(
    bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert run(*bundles) == 1
    out = capsys.readouterr().out
    assert "\x1b[31m- test\x1b[0m" in out
    assert "\x1b[32m+ new\x1b[0m" in out
