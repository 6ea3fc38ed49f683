"""The entry point: the script or the notebook that runs, where it can be seen, and nothing where it cannot."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from lading.bundles.capturing.entry_point import executed_notebook, running_file


def main_module(monkeypatch: pytest.MonkeyPatch, **attributes: object) -> None:
    main = types.ModuleType("__main__")
    for name, value in attributes.items():
        setattr(main, name, value)
    monkeypatch.setitem(sys.modules, "__main__", main)


def test_an_installed_command_is_nobodys_training_script(monkeypatch: pytest.MonkeyPatch) -> None:
    main_module(monkeypatch, __file__=str(Path(pytest.__file__)))
    assert running_file() is None


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        pytest.param("/home/me/project/train.ipynb", Path("/home/me/project/train.ipynb"), id="an absolute path"),
        pytest.param("project/train.ipynb", Path.cwd() / "train.ipynb", id="a path from the server's folder"),
        pytest.param("/home/me/project/0b9d", None, id="a console"),
        pytest.param(None, None, id="no session"),
    ],
)
def test_a_notebook_in_jupyter(monkeypatch: pytest.MonkeyPatch, session: str | None, expected: Path | None) -> None:
    main_module(monkeypatch)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    if session is None:
        monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    else:
        monkeypatch.setenv("JPY_SESSION_NAME", session)
    assert running_file() == expected


def test_a_parent_that_cannot_be_seen_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    main_module(monkeypatch)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    with monkeypatch.context() as gone:
        gone.setattr(os, "getppid", lambda: 2**30)
        assert running_file() is None
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert running_file() is None


def test_a_notebook_in_visual_studio_code(monkeypatch: pytest.MonkeyPatch) -> None:
    main_module(monkeypatch, __vsc_ipynb_file__="/home/me/explore.ipynb")
    assert running_file() == Path("/home/me/explore.ipynb")


def test_a_script_outside_python_is_the_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    main_module(monkeypatch, __file__="/home/me/train.py")
    assert running_file() == Path("/home/me/train.py")


PRINTS = "from lading.bundles.capturing.entry_point import running_file; print(running_file())"
CELL: dict[str, object] = {
    "cell_type": "code",
    "execution_count": None,
    "id": "a",
    "metadata": {},
    "outputs": [],
    "source": PRINTS,
}
NOTEBOOK: dict[str, object] = {"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def execute(command: list[str], folder: Path) -> str:
    """What the cell of a real notebook, ``train.ipynb`` in ``folder``, prints when a program executes it."""
    notebook = folder / "train.ipynb"
    notebook.write_text(json.dumps(NOTEBOOK))
    without = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    subprocess.run(command, cwd=folder, env=without, check=True, capture_output=True, timeout=120)
    (output,) = json.loads(notebook.read_text())["cells"][0]["outputs"]
    return "".join(output["text"]).strip()


def test_a_notebook_that_is_executed_by_its_name(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jupyter", "execute", "--inplace", "train.ipynb"]
    assert execute(command, tmp_path) == str(tmp_path / "train.ipynb")


BY_A_SCRIPT = """
import nbclient, nbformat
notebook = nbformat.read("train.ipynb", 4)
nbclient.NotebookClient(notebook).execute()
nbformat.write(notebook, "train.ipynb")
"""


def test_a_notebook_that_a_script_executes_is_unknown_to_its_kernel(tmp_path: Path) -> None:
    assert execute([sys.executable, "-c", BY_A_SCRIPT], tmp_path) == "None"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("python /bin/jupyter-nbconvert --to notebook --execute a.ipynb", "a.ipynb", id="nbconvert"),
        pytest.param("python /bin/jupyter nbconvert --execute a.ipynb --output b.ipynb", "a.ipynb", id="its output"),
        pytest.param("python -m nbconvert --execute b.ipynb --output=a.ipynb", "b.ipynb", id="its output, with ="),
        pytest.param("python /bin/jupyter execute a.ipynb --inplace", "a.ipynb", id="execute"),
        pytest.param("python /bin/jupyter execute a.ipynb b.ipynb", None, id="several"),
        pytest.param("python /bin/jupyter execute gone.ipynb", None, id="not there"),
        pytest.param("python /bin/jupyter execute", None, id="none"),
        pytest.param("python /bin/jupyter lab a.ipynb", None, id="a server, whose kernels run any notebook"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_command_line_names_the_notebook_that_it_executes(tmp_path: Path, command: str, expected: str | None) -> None:
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / name).write_bytes(b"")
    assert executed_notebook(command.split(), tmp_path) == (None if expected is None else tmp_path / expected)
