"""``lading keys``: the key is shown once, the file says who, and mistakes end as everywhere."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lading.core.main import main
from lading.runtime.serving.keys import key_digest, read_keys

Output = pytest.CaptureFixture[str]
Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    """Runs the command line and gives its exit code."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return int(ended.value.code or 0)

    return run


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of keys that the settings name."""
    found = tmp_path / "keys.txt"
    monkeypatch.setenv("LADING_KEYS_FILE", str(found))
    return found


def test_the_key_alone_is_on_standard_output(run: Run, path: Path, capsys: Output) -> None:
    assert run("keys", "add", "mobile-app", "--rate", "100") == 0
    output = capsys.readouterr()
    (key,) = read_keys(path)
    assert (key.name, key.digest, key.rate) == ("mobile-app", key_digest(output.out.rstrip("\n")), 100)
    assert "only time" in output.err


def test_a_program_gets_json(run: Run, path: Path, capsys: Output) -> None:
    assert run("keys", "add", "one", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert run("keys", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed == {"keys": [{"name": "one", "rate": None, "digest": key_digest(made["key"])}]}
    assert run("keys", "remove", "one", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"removed": "one", "file": str(path)}
    assert read_keys(path) == ()


def test_a_list_shows_no_key(run: Run, path: Path, capsys: Output) -> None:
    run("keys", "add", "one", "--rate", "7")
    secret = capsys.readouterr().out.strip()
    assert run("keys", "list") == 0
    listed = capsys.readouterr().out
    assert [line.split()[:2] for line in listed.splitlines()] == [["name", "requests/s"], ["one", "7"]]
    assert secret not in listed


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(("add", "one"), 3, "has a key named 'one'", id="a name that is taken"),
        pytest.param(("add", "Two"), 2, "cannot name a key", id="a name that cannot be"),
        pytest.param(("add", "two", "--rate", "0"), 2, "--rate", id="a rate of nothing"),
        pytest.param(("remove", "two"), 2, "lading keys list", id="a name that is not there"),
        pytest.param(("list", "--file", "/nonexistent/keys"), 2, "lading keys add", id="a file that is not there"),
        pytest.param(("rename", "one"), 2, "No such command", id="a command that is not there"),
    ],
)
def test_a_mistake_says_what_is_wrong(
    run: Run, path: Path, capsys: Output, arguments: tuple[str, ...], code: int, words: str
) -> None:
    run("keys", "add", "one")
    before = path.read_bytes()
    capsys.readouterr()
    assert run("keys", *arguments) == code
    assert words in capsys.readouterr().err
    assert path.read_bytes() == before


def test_without_a_file_it_is_asked_which(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.delenv("LADING_KEYS_FILE", raising=False)
    assert run("keys", "list") == 2
    assert "--file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["add", "list", "remove"])
def test_each_has_help_with_examples(run: Run, name: str, capsys: Output) -> None:
    assert run("keys", name, "--help") == 0
    assert f"lading keys {name}" in capsys.readouterr().out.partition("Examples:")[2]
