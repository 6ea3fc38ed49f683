"""The archive: one layout to the byte, and nothing else is read."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.bundles.storage.archive import Archive, TooLargeForArchiveError, archive_size, write_archive
from lading.bundles.storage.archive_layout import END_SIZE, End, Entry, read_end
from lading.bundles.storage.content import Held
from lading.bundles.storage.integrity import ArchiveError, BundleError, FileNameError, UnreadableError

levels = st.text("abcXYZ0189_-", min_size=1, max_size=6)
names = st.lists(levels, min_size=1, max_size=4).map("/".join)
trees = st.dictionaries(names, st.binary(max_size=300), min_size=1, max_size=6)

MODE = 0o100644 << 16


def written(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    write_archive({name: Held(data) for name, data in files.items()}, stream)
    return stream.getvalue()


def read(path: Path) -> dict[str, bytes]:
    archive = Archive(path)
    try:
        return {name: b"".join(content.chunks()) for name, content in archive.contents.items()}
    finally:
        archive.close()


def zipped(*entries: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for entry, data in entries:
            archive.writestr(entry, data, entry.compress_type)
    return stream.getvalue()


def entry(name: str, mode: int = MODE, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr, made.compress_type = mode, method
    return made


@given(files=trees)
def test_an_archive_is_the_zip_that_others_read(files: dict[str, bytes]) -> None:
    data = written(files)
    assert data == zipped(*((entry(name), files[name]) for name in sorted(files)))
    assert len(data) == archive_size({name: Held(content) for name, content in files.items()})


@settings(max_examples=50)
@given(files=trees)
def test_what_was_written_is_read_or_refused_for_its_names(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    path = tmp_path_factory.mktemp("archive") / "x.lading"
    path.write_bytes(written(files))
    try:
        found = read(path)
    except FileNameError:  # twins, or a file that is a folder too: test_names.py holds those rules
        return
    assert found == files
    assert list(found) == sorted(files)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.lading"
    path.write_bytes(written({"a": b"alpha", "b/c": b"gamma" * 9}))
    return path


def test_every_flipped_bit_is_noticed(sound: Path) -> None:
    data = bytearray(sound.read_bytes())
    for position in range(len(data)):
        for bit in range(8):
            data[position] ^= 1 << bit
            sound.write_bytes(data)
            with pytest.raises(BundleError):
                read(sound)
            data[position] ^= 1 << bit


def test_every_cut_and_every_addition_is_noticed(sound: Path) -> None:
    data = sound.read_bytes()
    mutants = [data[:length] for length in range(len(data))]
    mutants += [data[:place] + b"\0" + data[place:] for place in range(len(data) + 1)]
    mutants += [data + data, b"#!/bin/sh\n" + data]
    for mutant in mutants:
        sound.write_bytes(mutant)
        with pytest.raises(BundleError):
            read(sound)


ENCRYPTED = bytearray(written({"a": b"alpha"}))
ENCRYPTED[6] |= 1
ENCRYPTED[ENCRYPTED.index(b"PK\1\2") + 8] |= 1


def _overlapping() -> bytes:
    """Two entries over the same bytes."""
    local = Entry(b"a", zlib.crc32(b"x"), 1, 0)
    directory = local.central() + local._replace(name=b"b").central()
    return local.local() + b"x" + directory + End(2, len(directory), local.end).record()


def _gap() -> bytes:
    one = Entry(b"a", zlib.crc32(b"x"), 1, 0)
    return one.local() + b"x" + b"gap" + one.central() + End(1, len(one.central()), one.end + 3).record()


def _unclaimed() -> bytes:
    one = Entry(b"a", zlib.crc32(b"x"), 1, 0)
    directory = one.central() + b"rest"
    return one.local() + b"x" + directory + End(1, len(directory), one.end).record()


def _too_few() -> bytes:
    one = Entry(b"a", zlib.crc32(b"x"), 1, 0)
    return one.local() + b"x" + one.central() + End(2, len(one.central()), one.end).record()


def _not_an_entry() -> bytes:
    one = Entry(b"a", zlib.crc32(b"x"), 1, 0)
    directory = b"\0" * len(one.central())
    return one.local() + b"x" + directory + End(1, len(directory), one.end).record()


def _many() -> bytes:
    return written({f"f{number}": b"" for number in range(1001)})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(zipped((entry("../a"), b"")), "may hold", id="dot dot"),
        pytest.param(zipped((entry("/etc/a"), b"")), "may hold", id="absolute"),
        pytest.param(zipped((entry("a\\b"), b"")), "may hold", id="backslash"),
        pytest.param(zipped((entry("C:a"), b"")), "may hold", id="drive"),
        pytest.param(
            written({"a": b""}).replace(b"\x01\0\0\0a", b"\x01\0\0\0\0").replace(b"aPK", b"\0PK"), "may hold", id="NUL"
        ),
        pytest.param(zipped((entry("a", 0o120777 << 16), b"/etc/passwd")), "symbolic link", id="symlink"),
        pytest.param(zipped((entry("a", 0o20644 << 16), b"")), "not a regular file", id="device"),
        pytest.param(zipped((entry("a", 0o100755 << 16), b"")), "differs from the format's", id="executable"),
        pytest.param(zipped((entry("A"), b""), (entry("a"), b"")), "in case only", id="case twin"),
        pytest.param(written({"a": b"1", "b": b"2"}).replace(b"b", b"a"), "there twice", id="duplicate"),
        pytest.param(zipped((entry("b"), b""), (entry("a"), b"")), "order of names", id="unsorted"),
        pytest.param(zipped((entry("e\u0301"), b"")), "differs from the format's", id="not ASCII"),
        pytest.param(
            zipped((entry("a", method=zipfile.ZIP_DEFLATED), b"0" * 9999)), "compressed (method 8)", id="deflated"
        ),
        pytest.param(zipped((entry("a", method=zipfile.ZIP_LZMA), b"0" * 9999)), "compressed (method 14)", id="LZMA"),
        pytest.param(bytes(ENCRYPTED), "encrypted", id="encrypted"),
        pytest.param(_overlapping(), "does not begin where", id="overlapping"),
        pytest.param(_gap(), "between the last file and the directory", id="a gap"),
        pytest.param(_unclaimed(), "belong to no file", id="unclaimed bytes in the directory"),
        pytest.param(_too_few(), "directory that is cut short", id="a lying count"),
        pytest.param(_not_an_entry(), "no directory entry", id="no entry"),
        pytest.param(written({}), "does not begin", id="nothing in it"),
        pytest.param(_many(), "1001 files", id="too many files"),
        pytest.param(b"PK\3\4" + b"\0" * 99, "cut short", id="no end"),
        pytest.param(b"\x89PNG" + b"\0" * 99, "not a bundle", id="another kind of file"),
        pytest.param(b"", "not a bundle", id="empty"),
    ],
)
def test_a_hostile_archive_is_refused_with_the_reason(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "x.lading"
    path.write_bytes(data)
    with pytest.raises(BundleError) as caught:
        read(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_local_header_that_differs_from_the_directory_is_refused(sound: Path) -> None:
    data = bytearray(sound.read_bytes())
    data[14] ^= 1  # the checksum in the first local header
    sound.write_bytes(data)
    with pytest.raises(ArchiveError, match="a has a header that differs"):
        read(sound)


def test_a_name_outside_ascii_is_refused_even_where_headers_agree(tmp_path: Path) -> None:
    one = Entry("é".encode(), 0, 0, 0)
    path = tmp_path / "x.lading"
    path.write_bytes(one.local() + one.central() + End(1, len(one.central()), one.end).record())
    with pytest.raises(FileNameError):
        read(path)


def test_bytes_that_change_after_opening_are_noticed(sound: Path) -> None:
    archive = Archive(sound)
    data = sound.read_bytes()
    sound.write_bytes(data.replace(b"alpha", b"omega"))
    with pytest.raises(ArchiveError, match="a does not have the checksum"):
        list(archive.contents["a"].chunks())
    sound.write_bytes(data[:10])
    with pytest.raises(ArchiveError, match="cut short"):
        list(archive.contents["a"].chunks())
    archive.close()
    with pytest.raises(ValueError, match="closed"):
        list(archive.contents["a"].chunks())


def test_what_cannot_be_opened_or_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        Archive(tmp_path / "none.lading")


def test_a_file_that_the_system_does_not_hand_out_is_named(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(UnreadableError, match="Input/output error"):
        Archive(sound)


class Endless:
    """Content that only says how large it is."""

    size = 1 << 32

    def chunks(self) -> Iterator[bytes]:
        raise AssertionError("must not be read")


def test_what_is_too_large_for_an_archive_is_refused_before_anything_is_written() -> None:
    stream = io.BytesIO()
    with pytest.raises(TooLargeForArchiveError, match="write it as a folder"):
        write_archive({"a": Endless()}, stream)
    assert stream.getvalue() == b""


def test_the_end_record_reads_what_was_written() -> None:
    end = End(3, 150, 9000)
    assert read_end(end.record()) == end
    assert len(end.record()) == END_SIZE == struct.calcsize("<4s4H2IH")
