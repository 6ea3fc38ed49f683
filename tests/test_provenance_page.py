"""The page on provenance is a session: its Python runs, and its commands print what the page prints."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "provenance.md").read_text()
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, with what it is to print."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's folder, once the page's Python has run there."""
    path = tmp_path_factory.mktemp("session")
    python = "\n".join(block for kind, block in BLOCK.findall(PAGE) if kind == "python")
    (path / "session.py").write_text(python)
    ran = subprocess.run(
        [sys.executable, "session.py"], cwd=path, capture_output=True, text=True, timeout=250, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return path


CONSOLE = [block for kind, block in BLOCK.findall(PAGE) if kind == "console"]


@pytest.mark.parametrize("block", CONSOLE, ids=range(len(CONSOLE)))
def test_the_commands_print_what_the_page_prints(block: str, folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, printed in commands(block):
        ran = subprocess.run(
            ["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=100, check=False,
        )  # fmt: skip
        found = "\n".join(line.rstrip() for line in ran.stdout.strip().splitlines())
        pattern = ".+?".join(re.escape(part) for part in printed.rstrip("\n").split("…"))
        assert re.fullmatch(pattern, found, re.DOTALL), found
