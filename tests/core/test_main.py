"""The command line: help, mistakes, exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest

from lading.core.plugins import discover

Run = Callable[..., int]
Install = Callable[..., None]
GROUP = "lading.commands"
Output = pytest.CaptureFixture[str]


def test_version(run: Run, capsys: Output) -> None:
    for option in ("--version", "-V"):
        assert run(option) == 0
        assert capsys.readouterr().out == f"lading {version('lading')}\n"


def test_help_lists_every_command(run: Run, capsys: Output) -> None:
    assert run("--help") == 0
    out = capsys.readouterr().out
    for name in discover(GROUP):
        assert name in out


@pytest.mark.parametrize("name", list(discover(GROUP)))
def test_every_command_has_help_with_examples(run: Run, name: str, capsys: Output) -> None:
    assert run(name, "--help") == 0
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert f"lading {name}" in out.partition("Examples:")[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["nope"], "No such command 'nope'", id="unknown command"),
        pytest.param(["verify"], "BUNDLE", id="no bundle"),
        pytest.param(["verify", "--nope", "x"], "--nope", id="unknown option"),
        pytest.param(["-q"], "-q", id="unknown global option"),
    ],
)
def test_a_mistake_ends_with_2_and_says_what_is_wrong(
    run: Run, arguments: list[str], words: str, capsys: Output
) -> None:
    assert run(*arguments) == 2
    assert words in capsys.readouterr().err


def test_nothing_asked_shows_the_help(run: Run, capsys: Output) -> None:
    assert run() == 2
    output = capsys.readouterr()
    assert "Usage" in output.out + output.err


def test_a_wrong_setting_ends_with_2(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setenv("LADING_PORT", "many")
    assert run("plugins") == 2
    assert "error: LADING_PORT is 'many'" in capsys.readouterr().err


def test_a_misspelt_setting_is_said_and_what_it_may_have_meant(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("LADING_POLCY", "enforce")
    monkeypatch.setenv("LADING_SERVICE_HOST", "10.0.0.1")
    assert run("plugins", "--json") == 0
    said = capsys.readouterr()
    assert said.err == "warning: LADING_POLCY sets nothing; LADING_POLICY does\n"
    json.loads(said.out)
    monkeypatch.setenv("LADING_LOG_FORMAT", "json")
    assert run("plugins") == 0
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["message"]) == ("warning", "LADING_POLCY sets nothing; LADING_POLICY does")


CODE = """
import lading.core.errors as errors

def run(kind: str) -> None:
    raise getattr(errors, kind)(f"[red]{kind}[/] happened")
"""


@pytest.mark.parametrize(
    ("kind", "code"),
    [("LadingError", 1), ("UsageError", 2), ("ConflictError", 3), ("IntegrityError", 4), ("PolicyError", 5)],
)
def test_each_kind_of_error_has_its_exit_code(run: Run, install: Install, kind: str, code: int, capsys: Output) -> None:
    install("pack", GROUP, "fail", f"fail_{code}:run", CODE)
    assert run("fail", kind) == code
    assert f"error: [red]{kind}[/] happened" in capsys.readouterr().err


def test_an_error_is_a_line_of_json_where_the_log_is(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setenv("LADING_LOG_FORMAT", "json")
    assert run("inspect", "none.lading") == 2
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["source"]) == ("error", "lading")
    assert "none.lading" in line["message"]


def test_an_error_is_json_where_json_was_asked_for(run: Run, capsys: Output) -> None:
    assert run("inspect", "none.lading", "--json") == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["exit_code"]) == ("NoSuchBundleError", 2)
    assert "none.lading" in document["error"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("verify", "--json"), "Missing argument", id="an argument that is missing"),
        pytest.param(("inspect", "a.lading", "--jsno", "--json"), "No such option", id="an option that is not there"),
        pytest.param(("nothing", "--json"), "No such command", id="a command that is not there"),
    ],
)
def test_a_mistake_in_the_arguments_is_json_too(
    run: Run, capsys: Output, arguments: tuple[str, ...], said: str
) -> None:
    assert run(*arguments) == 2
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert said in document["error"]
    assert (document["kind"], document["exit_code"]) == ("UsageError", 2)
    assert said in output.err


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("def run() -> None:\n    raise KeyboardInterrupt\n", id="while it runs"),
        pytest.param("raise KeyboardInterrupt\n", id="while it is loaded"),
    ],
)
def test_an_interrupt_ends_with_130(install: Install, run: Run, code: str) -> None:
    install("pack", GROUP, "wait", f"wait_{len(code)}:run", code)
    assert run("wait") == 130


def test_one_broken_plugin_does_not_take_the_others_away(run: Run, install: Install, capsys: Output) -> None:
    install("pack", GROUP, "broken", "broken_module:run", "from sys import no_such_name")
    assert run("--help") == 0
    output = capsys.readouterr()
    assert "plugin 'broken' of lading.commands cannot be loaded" in output.err
    assert "verify" in output.out
    assert run("broken") == 1
    assert run("plugins") == 0


def test_plugins_are_listed(run: Run, capsys: Output) -> None:
    assert run("plugins") == 0
    assert "lading.bundles.commands.verify:verify" in capsys.readouterr().out
    assert run("plugins", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["plugins"]
    assert {"group": GROUP, "name": "verify", "object": "lading.bundles.commands.verify:verify"}.items() <= next(
        plugin for plugin in listed if plugin["name"] == "verify"
    ).items()


@pytest.mark.parametrize("name", list(discover(GROUP)))
def test_help_loads_nothing_heavy(name: str) -> None:
    code = (
        "import sys\n"
        "from lading.core.main import main\n"
        "try:\n"
        f"    main([{name!r}, '--help'])\n"
        "except SystemExit:\n"
        "    heavy = {'pandas', 'polars', 'onnx', 'sklearn', 'skl2onnx', 'ray', 'starlette'}\n"
        "    print('loaded:', sorted(heavy & sys.modules.keys()))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.splitlines()[-1] == "loaded: []"
