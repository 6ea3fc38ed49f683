from pathlib import Path

import pytest

from lading.bundles.storage.offered import NothingOfferedError, offered


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with two archives, a bundle's folder, and what is none."""
    for name in ("b-1.lading", "a-1.lading", "notes.txt", ".hidden.lading"):
        (tmp_path / name).write_bytes(b"")
    for name in ("c-1", "..data"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_bytes(b"")
    (tmp_path / "other").mkdir()
    return tmp_path


def test_a_folder_of_bundles_stands_for_those_in_it_by_name(shelf: Path) -> None:
    assert list(offered([shelf])) == [shelf / "a-1.lading", shelf / "b-1.lading", shelf / "c-1"]


def test_a_bundle_stands_for_itself_and_so_does_what_is_not_there(shelf: Path) -> None:
    paths = [shelf / "c-1", shelf / "b-1.lading", shelf / "missing"]
    assert list(offered(paths)) == paths


def test_a_folder_without_bundles_is_an_error_that_says_what_to_put_there(shelf: Path) -> None:
    with pytest.raises(NothingOfferedError, match=r"other holds no bundle; put files ending in \.lading there"):
        list(offered([shelf / "other"]))
