"""Capturing provenance: what can be seen is there, what cannot is absent, and no secret is in it."""

import os
import platform
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from lading.bundles.capturing import capture
from lading.bundles.capturing.capture import capture_code, capture_environment, running_file
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


def test_changed_files_make_it_dirty_and_new_ones_do_not(repository: Path) -> None:
    (repository / "notes.txt").write_text("not tracked")
    assert capture_code(repository / "src" / "train.py").dirty is False
    (repository / "src" / "train.py").write_text("changed\n")
    assert capture_code(repository / "src" / "train.py").dirty is True


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
    assert capture_code(tmp_path / "train.py") == Code(dirty=False, entry_point="train.py")


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


def main_module(monkeypatch: pytest.MonkeyPatch, **attributes: object) -> None:
    main = types.ModuleType("__main__")
    for name, value in attributes.items():
        setattr(main, name, value)
    monkeypatch.setitem(sys.modules, "__main__", main)


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
    main_module(monkeypatch)
    monkeypatch.chdir(repository / "src")
    code = capture_code()
    assert code.entry_point is None
    assert code.commit == git(repository, "rev-parse", "HEAD")


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


def test_a_notebook_in_visual_studio_code(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    main_module(monkeypatch, __vsc_ipynb_file__=str(repository / "explore.ipynb"))
    assert capture_code().entry_point == "explore.ipynb"
    assert capture_code().commit is not None


def test_the_environment_names_what_is_installed() -> None:
    environment = capture_environment(["numpy", "no-such-distribution", "numpy"])
    assert environment.python == platform.python_version()
    assert environment.packages == {"numpy": np.__version__}


def test_a_script_outside_python_is_the_entry_point(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    main_module(monkeypatch, __file__=str(repository / "src" / "train.py"))
    assert capture_code().entry_point == "src/train.py"
