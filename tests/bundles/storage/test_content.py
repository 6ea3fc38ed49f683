"""Content: read in pieces, and proved on the way."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.storage import content as contents
from lading.bundles.storage.content import Checked, Content, Held, OnDisk, entry_of
from lading.bundles.storage.integrity import DigestMismatchError, SizeMismatchError


@given(st.binary())
def test_an_entry_describes_its_content(data: bytes) -> None:
    entry = entry_of("model/a", Held(data))
    assert (entry.path, entry.size, entry.sha256) == ("model/a", len(data), hashlib.sha256(data).hexdigest())
    checked = Checked(Held(data), entry, "bundle")
    assert b"".join(checked.chunks()) == data
    assert checked.size == len(data)


def test_a_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "CHUNK", 3)
    path = tmp_path / "a"
    path.write_bytes(b"abcdefg")
    content: Content = OnDisk(path)
    assert list(content.chunks()) == [b"abc", b"def", b"g"]
    assert content.size == 7


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"abd", DigestMismatchError, id="another byte"),
        pytest.param(b"ab", SizeMismatchError, id="shorter"),
        pytest.param(b"abcd", SizeMismatchError, id="longer"),
    ],
)
def test_content_that_is_not_what_was_described_is_refused(data: bytes, error: type[Exception]) -> None:
    checked = Checked(Held(data), entry_of("model/a", Held(b"abc")), "x.lading")
    with pytest.raises(error, match=r"x\.lading: model/a"):
        list(checked.chunks())
