"""Capturing provenance: the code and the environment that a model is made with, as far as they can be seen."""

import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lading.bundles.capturing.credentials import without_credentials
from lading.bundles.provenance import Code, Environment

_SECONDS = 10.0


def capture_code(entry_point: Path | None = None) -> Code:
    """The repository, its state, and the script or notebook that runs; what cannot be seen is absent.

    ``entry_point`` is the script or notebook where the caller knows it; else it is found out.
    """
    entry = entry_point if entry_point is not None else running_file()
    folder = Path.cwd() if entry is None or not entry.parent.is_dir() else entry.resolve().parent
    top = _git(folder, "rev-parse", "--show-toplevel")
    if not top:
        return Code(entry_point=_relative(entry, None))
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return Code(
        repository=_remote(folder),
        commit=_git(folder, "rev-parse", "--verify", "--quiet", "HEAD") or None,
        dirty=None if changes is None else bool(changes),
        entry_point=_relative(entry, Path(top)),
    )


def capture_environment(packages: Iterable[str]) -> Environment:
    """The versions of Python and of those ``packages``, by distribution name, that are installed."""
    found: dict[str, str] = {}
    for name in sorted(set(packages)):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return Environment(python=platform.python_version(), packages=found)


def running_file() -> Path | None:
    """The notebook or the script that runs now; ``None`` in a console, or when an installed command runs."""
    main = sys.modules.get("__main__")
    if notebook := getattr(main, "__vsc_ipynb_file__", None):  # set by Visual Studio Code
        return Path(str(notebook))
    if "ipykernel" in sys.modules:
        return _notebook(os.environ.get("JPY_SESSION_NAME", ""))  # set by Jupyter Server
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


def _is_installed(script: Path) -> bool:
    """Whether a file belongs to Python or to an installed package, and so is nobody's training script."""
    homes = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib", "scripts")}
    return any(script.is_relative_to(home) for home in homes)


def _relative(entry: Path | None, top: Path | None) -> str | None:
    """The path within the repository, or within the current folder, or else the bare name: no machine's own paths."""
    if entry is None:
        return None
    path = entry.resolve()
    for folder in (top, Path.cwd()):
        if folder is not None and path.is_relative_to(folder.resolve()):
            return path.relative_to(folder.resolve()).as_posix()
    return path.name


def _remote(folder: Path) -> str | None:
    names = (_git(folder, "remote") or "").splitlines()
    if not names:
        return None
    name = "origin" if "origin" in names else names[0]
    url = _git(folder, "config", "--get", f"remote.{name}.url")
    return without_credentials(url) if url and not _is_local(url) else None


def _is_local(url: str) -> bool:
    """Whether a remote is a folder of this machine, which says nothing elsewhere."""
    return url.startswith(("/", ".", "~", "file:"))


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, stripped; ``None`` when there is no git, no repository, or no answer in time."""
    # Nothing is locked, asked or run on the way, and no variable of a surrounding git points elsewhere.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    try:
        ended = subprocess.run(  # noqa: S603
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.decode(errors="replace").strip() if ended.returncode == 0 else None
