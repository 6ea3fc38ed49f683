"""The entry point: the script or the notebook that runs now."""

import itertools
import os
import sys
import sysconfig
from pathlib import Path

_EXECUTE = frozenset({"jupyter-nbconvert", "jupyter-execute", "nbconvert", "execute"})
"""Words in the command line of a program that runs one notebook from its first cell to its last."""


def running_file() -> Path | None:
    """The notebook or the script that runs now; ``None`` in a console, or when an installed command runs.

    A kernel is never told which notebook it runs. Visual Studio Code and Jupyter Server leave the name behind, and
    ``jupyter nbconvert --execute`` and ``jupyter execute`` have it on their command line. Elsewhere it is unknown.
    """
    main = sys.modules.get("__main__")
    if notebook := getattr(main, "__vsc_ipynb_file__", None):  # set by Visual Studio Code
        return Path(str(notebook))
    if "ipykernel" in sys.modules:
        # The parent first: within a kernel of Jupyter Server, what it starts inherits the session's name.
        executed = _executed_by_parent()
        return executed if executed is not None else _notebook(os.environ.get("JPY_SESSION_NAME", ""))
    script = getattr(main, "__file__", None)
    if not script or _is_installed(Path(script).resolve()):
        return None
    return Path(script)


def _notebook(session: str) -> Path | None:
    """The notebook behind a session of Jupyter; a console has a session too, but no notebook."""
    path = Path(session)
    if path.suffix != ".ipynb":
        return None
    # A path that is not absolute begins at the server's folder; the kernel runs in the notebook's own.
    return path if path.is_absolute() else Path.cwd() / path.name


def _executed_by_parent() -> Path | None:
    """The notebook that the program which started this kernel executes; ``None`` when it may be another."""
    try:
        import psutil  # ipykernel requires it
    except ModuleNotFoundError:
        return None
    try:
        parent = psutil.Process(os.getppid())
        words, folder = parent.cmdline(), Path(parent.cwd())
    except psutil.Error:
        return None
    return executed_notebook(words, folder)


def executed_notebook(words: list[str], folder: Path) -> Path | None:
    """The notebook that a command line executes from within ``folder``.

    ``None`` when it executes none, several, or one that is not there.
    """
    if _EXECUTE.isdisjoint(Path(word).name for word in words[:4]):
        return None
    given = [word for before, word in itertools.pairwise(words) if before != "--output"]
    found = {folder / word for word in given if word.endswith(".ipynb") and not word.startswith("-")}
    return found.pop() if len(found) == 1 and all(path.is_file() for path in found) else None


def _is_installed(script: Path) -> bool:
    """Whether a file belongs to Python or to an installed package, and so is nobody's training script."""
    homes = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib", "scripts")}
    return any(script.is_relative_to(home) for home in homes)
