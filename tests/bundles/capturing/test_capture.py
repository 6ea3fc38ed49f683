"""Capturing provenance: what can be seen is there, what cannot is absent, and no secret is in it."""

import os
import platform
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lading.bundles.capturing import capture
from lading.bundles.capturing.capture import capture_code, capture_environment
from lading.bundles.provenance import Code


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text("pass\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "remote", "add", "origin", "https://me:pw@example.org/team/project.git?token=x")
    return folder


def test_a_clean_repository(repository: Path) -> None:
    code = capture_code(repository / "src" / "train.py")
    assert code == Code(
        repository="https://example.org/team/project.git",
        commit=git(repository, "rev-parse", "HEAD"),
        dirty=False,
        entry_point="src/train.py",
    )


def changed(repository: Path) -> None:
    (repository / "src" / "train.py").write_text("changed\n")


def untracked(repository: Path) -> None:
    git(repository, "rm", "-q", "--cached", "src/train.py")
    git(repository, "commit", "-q", "-m", "not this one")


def ignored(repository: Path) -> None:
    (repository / ".gitignore").write_text("src\n")
    git(repository, "add", ".gitignore")
    untracked(repository)


def staged(repository: Path) -> None:
    untracked(repository)
    git(repository, "add", "src/train.py")


@pytest.mark.parametrize(
    ("change", "dirty"),
    [
        pytest.param(lambda repository: (repository / "notes.txt").write_text("x"), False, id="a new file beside it"),
        pytest.param(changed, True, id="a changed file"),
        pytest.param(untracked, True, id="an entry point that is not tracked"),
        pytest.param(ignored, True, id="an entry point that is ignored"),
        pytest.param(staged, True, id="an entry point that is not committed yet"),
        pytest.param(lambda repository: (repository / "src" / "train.py").unlink(), True, id="a deleted file"),
    ],
)
def test_it_is_dirty_where_the_commit_is_not_what_ran(
    repository: Path, change: Callable[[Path], object], dirty: bool
) -> None:
    change(repository)
    code = capture_code(repository / "src" / "train.py")
    assert code.commit == git(repository, "rev-parse", "HEAD")
    assert code.dirty is dirty


def test_a_name_is_no_pattern(repository: Path) -> None:
    (repository / "src" / "*.py").write_text("pass\n")
    assert capture_code(repository / "src" / "*.py").dirty is True


def test_nothing_is_locked_or_written_on_the_way(repository: Path) -> None:
    os.utime(repository / "src" / "train.py", (1, 1))  # a reason for git to refresh its index
    index = (repository / ".git" / "index").read_bytes()
    capture_code(repository / "src" / "train.py")
    assert (repository / ".git" / "index").read_bytes() == index


def test_a_surrounding_git_leads_nowhere_else(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert capture_code(repository / "src" / "train.py").commit is not None


def test_a_repository_without_commits_or_remotes(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("pass\n")
    git(tmp_path, "add", "train.py")
    assert capture_code(tmp_path / "train.py") == Code(entry_point="train.py")


@pytest.mark.parametrize("url", ["/srv/git/project.git", "../project.git", "file:///srv/project.git"])
def test_a_remote_on_this_machine_is_left_out(repository: Path, url: str) -> None:
    git(repository, "remote", "set-url", "origin", url)
    assert capture_code(repository / "src" / "train.py").repository is None


def test_another_remote_serves_where_there_is_no_origin(repository: Path) -> None:
    git(repository, "remote", "rename", "origin", "upstream")
    assert capture_code(repository / "src" / "train.py").repository == "https://example.org/team/project.git"


def test_outside_a_repository_only_the_name_of_the_script_is_kept(tmp_path: Path) -> None:
    assert capture_code(tmp_path / "train.py") == Code(entry_point="train.py")


def test_within_the_current_folder_the_path_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    assert capture_code(Path("jobs/train.py")) == Code(entry_point="jobs/train.py")


def test_without_git_its_facts_are_absent(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert capture_code(repository / "src" / "train.py") == Code(entry_point="train.py")


def test_a_git_that_does_not_answer_is_not_waited_for(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = repository.parent / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(capture, "_SECONDS", 0.2)
    assert capture_code(repository / "src" / "train.py") == Code(entry_point="train.py")


def test_the_running_script_is_found_out(repository: Path) -> None:
    (repository / "src" / "train.py").write_text(
        "from lading.bundles.capturing.capture import capture_code\nprint(capture_code().model_dump_json())\n"
    )
    git(repository, "commit", "-q", "-a", "-m", "print it")
    ran = subprocess.run(
        [sys.executable, "src/train.py"], cwd=repository, capture_output=True, text=True, check=True, timeout=60
    )
    assert Code.model_validate_json(ran.stdout).entry_point == "src/train.py"
    assert Code.model_validate_json(ran.stdout).dirty is False


def test_without_a_script_the_current_folder_is_asked(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    monkeypatch.chdir(repository / "src")
    code = capture_code()
    assert code.entry_point is None
    assert code.commit == git(repository, "rev-parse", "HEAD")


def test_the_environment_names_what_is_installed() -> None:
    environment = capture_environment(["numpy", "no-such-distribution", "numpy"])
    assert environment.python == platform.python_version()
    assert environment.packages == {"numpy": np.__version__}
