"""The folder: the same files as a tree, and nothing but regular files."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.bundles.storage import folder as folders
from lading.bundles.storage.content import Held
from lading.bundles.storage.folder import Folder, write_folder
from lading.bundles.storage.integrity import BundleError, FileNameError, NotABundleError, UnreadableError

levels = st.text("abc019_-", min_size=1, max_size=4)
trees = st.dictionaries(
    st.lists(levels, min_size=1, max_size=4).map("/".join), st.binary(max_size=200), min_size=1, max_size=6
).filter(lambda files: not any(other.startswith(name + "/") for name in files for other in files))


@settings(max_examples=50)
@given(files=trees)
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    path = tmp_path_factory.mktemp("folder")
    write_folder({name: Held(data) for name, data in files.items()}, path)
    found = Folder(path)
    assert {name: b"".join(content.chunks()) for name, content in found.contents.items()} == files
    assert {name: content.size for name, content in found.contents.items()} == {n: len(d) for n, d in files.items()}


def _link(path: Path) -> None:
    (path / "link").symlink_to("/etc/passwd")


def _linked_folder(path: Path) -> None:
    (path / "link").symlink_to("/etc")


def _pipe(path: Path) -> None:
    os.mkfifo(path / "pipe")


def _hidden(path: Path) -> None:
    (path / ".DS_Store").write_bytes(b"")


def _deep(path: Path) -> None:
    (path / "a/b/c/d/e/f/g/h/i").mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(_link, "'link' is a symbolic link", id="link"),
        pytest.param(_linked_folder, "'link' is a symbolic link", id="linked folder"),
        pytest.param(_pipe, "'pipe' is not a regular file", id="pipe"),
        pytest.param(_hidden, "'.DS_Store' is not one", id="hidden"),
        pytest.param(_deep, "below 8 levels", id="deep"),
    ],
)
def test_what_no_bundle_may_hold_is_refused(tmp_path: Path, spoil: Callable[[Path], None], words: str) -> None:
    (tmp_path / "fine").write_bytes(b"")
    spoil(tmp_path)
    with pytest.raises(FileNameError) as caught:
        Folder(tmp_path)
    assert words in str(caught.value)


def test_a_folder_of_very_many_files_is_not_listed_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_FILES", 2)
    for name in "abc":
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(NotABundleError, match="more than 2 files"):
        Folder(tmp_path)


def test_what_cannot_be_listed_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        Folder(tmp_path / "none")


@pytest.mark.parametrize("change", ["gone", "link"])
def test_a_file_that_is_replaced_after_listing_leads_nobody_astray(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"alpha")
    folder = Folder(tmp_path)
    path.unlink()
    if change == "link":
        path.symlink_to("/etc/passwd")
    with pytest.raises(BundleError, match="a cannot be read"):
        list(folder.contents["a"].chunks())
    folder.close()
