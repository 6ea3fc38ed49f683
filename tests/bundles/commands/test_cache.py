"""``lading cache``: what is kept, where it lies, and that it goes when it is told to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lading.bundles.store.store import Store
from lading.core.main import main

Run = Callable[..., int]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("LADING_STORE_FOLDER", str(tmp_path / "store"))
    return Store(tmp_path / "store")


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command, and gives its exit code, its output and what it said of errors."""

    def ask(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["cache", *arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return ask


Ask = Callable[..., tuple[int, str, str]]


def document(ask: Ask, *arguments: str) -> Any:
    code, out, _ = ask(*arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_what_is_kept_is_listed_and_found(store: Store, ask: Ask, archive: Path) -> None:
    assert document(ask, "list") == {"folder": str(store.path), "bundles": []}
    with store.bring(archive) as brought:
        pass
    (listed,) = document(ask, "list")["bundles"]
    assert (listed["digest"], listed["path"]) == (brought.digest, str(brought.path))
    assert listed["size"] == archive.stat().st_size
    assert brought.digest in ask("list")[1]
    assert document(ask, "path", brought.digest)["path"] == str(brought.path)
    assert ask("path", brought.digest)[1].strip() == str(brought.path)


def test_what_is_in_use_stays(store: Store, ask: Ask, archive: Path) -> None:
    with store.bring(archive) as brought:
        code, _, said = ask("remove", brought.digest)
        assert (code, document(ask, "collect", "--days", "0")["removed"]) == (3, [])
        assert "in use" in said
    assert brought.path.exists()


@pytest.mark.parametrize("json", [True, False])
def test_what_is_not_in_use_goes(store: Store, ask: Ask, archive: Path, json: bool) -> None:
    more = ["--json"] if json else []
    for command in ("remove", "collect"):
        with store.bring(archive) as brought:
            pass
        code, out, said = ask(
            *(["remove", brought.digest] if command == "remove" else ["collect", "--days", "0"]), *more
        )
        assert code == 0
        assert brought.digest in out if json else "gone" in said
        assert not brought.path.exists()


def test_what_is_young_is_kept(store: Store, ask: Ask, archive: Path) -> None:
    with store.bring(archive):
        pass
    assert document(ask, "collect") == {"removed": [], "size": 0}


def test_what_is_not_there_is_a_usage_error(store: Store, ask: Ask) -> None:
    for command in ("path", "remove"):
        code, _, said = ask(command, "sha256:" + "0" * 64)
        assert code == 2
        assert "lading cache list" in said
