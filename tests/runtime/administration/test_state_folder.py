"""The state folder: what is written is there again, whole, and what is broken is refused."""

import os
import stat
import time
from pathlib import Path

import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.bundles.storage.integrity import BundleError
from lading.runtime.administration.state import Author, State
from lading.runtime.administration.state_folder import (
    SOON_SECONDS,
    BrokenStateError,
    StateFolder,
    StateFolderError,
    StateInUseError,
    UnknownBundleError,
)
from tests.runtime.administration.times import times

AUTHOR = Author(who="ada", time="2026-01-01T00:00:00+00:00")


def test_a_state_is_there_again(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    assert folder.read() == State()
    name, version = folder.bring(times(1, tmp_path))
    state = State().deploy(name, version, AUTHOR)
    folder.write(state)
    assert StateFolder(tmp_path / "state").read() == state


def test_only_its_owner_can_look_into_it(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.write(State())
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.path / "state.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_a_bundle_is_kept_by_its_digest_and_outlives_its_file(tmp_path: Path, form: str) -> None:
    folder, path = StateFolder(tmp_path / "state"), times(1, tmp_path)
    if form == "folder":
        with open_bundle(path) as bundle:
            copy_bundle(bundle, tmp_path / "times")
        path.unlink()
        path = tmp_path / "times"
    name, version = folder.bring(path)
    assert (name, version.version) == ("times", "1.0.0")
    if form == "archive":
        path.unlink()
    with open_bundle(folder.bundle(version.digest)) as kept:
        assert kept.digest == version.digest


def test_a_broken_bundle_is_not_brought(tmp_path: Path) -> None:
    folder, path = StateFolder(tmp_path / "state"), times(1, tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError):
        folder.bring(path)
    assert list((folder.path / "bundles").iterdir()) == []


def test_bundles_that_nothing_needs_go_unless_they_came_lately(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    one, two, three = (folder.bring(times(factor, tmp_path))[1].digest for factor in (1, 2, 3))
    long_ago = time.time() - SOON_SECONDS - 60
    for digest in (one, two):
        os.utime(folder.bundle(digest), (long_ago, long_ago))
    folder.keep(frozenset({one}))
    assert folder.bundle(one).exists()
    assert folder.bundle(three).exists()
    with pytest.raises(UnknownBundleError):
        folder.bundle(two)


def test_one_server_at_a_time_has_it(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    with folder.held(), pytest.raises(StateInUseError), StateFolder(tmp_path / "state").held():
        pass
    with folder.held():
        pass


def test_a_state_that_no_server_wrote_is_refused(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    (folder.path / "state.json").write_text('{"format": 7}')
    with pytest.raises(BrokenStateError, match="format"):
        folder.read()


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateFolderError, match="file"):
        StateFolder(tmp_path / "file")
