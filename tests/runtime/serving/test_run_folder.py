"""The run folder: its owner's alone, and gone with its server."""

import stat
import subprocess
from pathlib import Path

import pytest

from lading.runtime.serving.run_folder import RunFolder, RunFolderError
from lading.runtime.serving.warden import session_members


def test_it_is_its_owners_alone_and_goes_with_all_that_runs_from_it(base: Path) -> None:
    run = RunFolder(base)
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    secret = run.secret("token")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text()) == 64
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as sleeper:
        run.watch(sleeper.pid)
        run.close()
        assert sleeper.wait(10) == -9
    assert session_members({sleeper.pid}) == []
    assert list(base.iterdir()) == []


def test_what_is_forgotten_is_ended_at_once(base: Path) -> None:
    run = RunFolder(base)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as sleeper:
        run.watch(sleeper.pid)
        run.forget(sleeper.pid)
        assert sleeper.wait(10) == -9
    assert run.sessions == set()
    run.close()


def test_stale_folders_are_removed_and_living_ones_are_not(base: Path) -> None:
    living = RunFolder(base)
    stale = base / "lading-stale"
    stale.mkdir()
    (stale / "server.lock").touch()
    strange = base / "lading-strange"
    strange.mkdir()
    RunFolder(base).close()
    assert living.path.is_dir()
    assert strange.is_dir(), "a folder without our lock is not ours"
    assert not stale.exists()
    living.close()


def test_a_path_that_is_too_long_for_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="LADING_RUN_FOLDER"):
        RunFolder(tmp_path / ("long" * 20))


def test_a_place_that_is_no_folder_is_refused(base: Path) -> None:
    (base / "file").touch()
    with pytest.raises(RunFolderError, match="LADING_RUN_FOLDER"):
        RunFolder(base / "file" / "inside")
