"""Capturing provenance: the code and the environment that a model is made with, as far as they can be seen."""

import os
import platform
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lading.bundles.capturing.credentials import without_credentials
from lading.bundles.capturing.entry_point import running_file
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
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD") or None
    return Code(
        repository=_remote(folder),
        commit=commit,
        dirty=None if commit is None else _is_dirty(folder, entry),
        entry_point=_relative(entry, Path(top)),
    )


def capture_environment(packages: Iterable[str]) -> Environment:
    """The versions of Python and of those ``packages``, by distribution name, that are installed."""
    found: dict[str, str] = {}
    for name in sorted(set(packages)):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return Environment(python=platform.python_version(), packages=found)


def _relative(entry: Path | None, top: Path | None) -> str | None:
    """The path within the repository, or within the current folder, or else the bare name: no machine's own paths."""
    if entry is None:
        return None
    path = entry.resolve()
    for folder in (top, Path.cwd()):
        if folder is not None and path.is_relative_to(folder.resolve()):
            return path.relative_to(folder.resolve()).as_posix()
    return path.name


def _is_dirty(folder: Path, entry: Path | None) -> bool | None:
    """Whether the commit is not what ran: a tracked file differs from it, or the entry point is not tracked."""
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if changes is None or entry is None:
        return None if changes is None else bool(changes)
    tracked = _git(folder, "--literal-pathspecs", "ls-files", "--", str(entry.resolve()))
    return None if tracked is None else bool(changes) or not tracked


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
