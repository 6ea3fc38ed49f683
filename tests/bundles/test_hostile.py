"""Hostile bundles: whatever somebody wrote into the file, it is refused early, cheaply and by name.

The corpora are those of the project's acceptance tests: every byte of a small bundle spoilt, and archives of all the
kinds that archive readers are known to fall for.
"""

import io
import os
import pickle
import resource
import stat
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import onnxruntime
import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.bundles.canonical import canonical_json
from lading.bundles.draft import Draft, draw_up, write_bundle
from lading.bundles.manifest_reading import read_manifest
from lading.bundles.session import open_session
from lading.bundles.storage.archive import write_archive
from lading.bundles.storage.archive_layout import END_SIZE, End, Entry
from lading.bundles.storage.content import Content, Held, entry_of
from lading.bundles.storage.integrity import BundleError, TooLargeError
from lading.core.errors import IntegrityError
from lading.core.settings import Limits

MakeDraft = Callable[..., Draft]
MEBIBYTE = 1 << 20


def contents(path: Path) -> dict[str, bytes]:
    with open_bundle(path) as bundle:
        return {name: b"".join(content.chunks()) for name, content in bundle.contents().items()}


def spoilt(data: bytes) -> Iterator[bytes]:
    """One bit of each byte flipped, 200 truncations, 50 additions, 50 exchanges of two pieces."""
    for position in range(len(data)):
        yield data[:position] + bytes([data[position] ^ 1 << position % 8]) + data[position + 1 :]
    for count in range(200):
        yield data[: len(data) * count // 200]
    for count in range(1, 51):
        yield data + data[:count]
    step = len(data) // 102
    for count in range(50):
        one, other = slice(count * step, (count + 1) * step), slice((101 - count) * step, (102 - count) * step)
        changed = bytearray(data)
        changed[one], changed[other] = data[other], data[one]
        yield bytes(changed)


def test_every_spoilt_bundle_is_refused_or_says_the_same(archive: Path, tmp_path: Path) -> None:
    sound, path = contents(archive), tmp_path / "spoilt.lading"
    same = 0
    for mutant in spoilt(archive.read_bytes()):
        path.write_bytes(mutant)
        try:
            found = contents(path)
        except IntegrityError:  # exit code 4
            continue
        assert found == sound
        same += 1
    assert same <= 1  # pieces of equal bytes that changed places


def test_two_files_that_changed_places_are_refused(archive: Path, tmp_path: Path) -> None:
    sound = contents(archive)
    names = sorted(sound)
    for one, other in ((one, other) for one in names for other in names if one < other):
        files: dict[str, Content] = {name: Held(data) for name, data in sound.items()}
        files[one], files[other] = files[other], files[one]
        with (tmp_path / "swapped.lading").open("wb") as stream:
            write_archive(files, stream)
        with pytest.raises(IntegrityError):
            open_bundle(tmp_path / "swapped.lading")


def test_the_runtime_is_not_asked_to_load_what_is_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[object] = []
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *given, **named: loads.append(given))
    path, data = tmp_path / "spoilt.lading", archive.read_bytes()
    for position in range(0, len(data), 7):
        path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        with pytest.raises(IntegrityError), open_bundle(path) as bundle:
            open_session(bundle.read(bundle.manifest.graph.path))
    assert loads == []


def packed(*entries: tuple[str, bytes], kind: int = stat.S_IFREG, method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, data in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = (kind | 0o644) << 16, method
            made.writestr(entry, data)
    return stream.getvalue()


def laid(*entries: Entry, data: bytes = b"", directory: bytes | None = None) -> bytes:
    """An archive of entries that may lie, in the format's layout."""
    bodies = b"".join(entry.local() + data[: entry.size] for entry in entries)
    directory = b"".join(entry.central() for entry in entries) if directory is None else directory
    return bodies + directory + End(len(entries), len(directory), len(bodies)).record()


def remade(make_draft: MakeDraft, change: Callable[[dict[str, Content]], None]) -> bytes:
    """A bundle of which files were changed, and whose manifest was made to agree."""
    files, data = draw_up(make_draft())
    change(files)
    manifest = read_manifest(data, "x")
    entries = tuple(entry_of(name, files[name]) for name in sorted(files))
    stream = io.BytesIO()
    said = canonical_json(manifest.model_copy(update={"files": entries}))
    write_archive({**files, "manifest.json": Held(said)}, stream)
    return stream.getvalue()


class Pwn:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch /tmp/lading-was-here",)


ONE = Entry(b"a", zlib.crc32(b"x"), 1, 0)
ENCRYPTED = packed(("a", b"x")).replace(b"\x14\0\0\0\0\0", b"\x14\0\1\0\0\0")


def _renamed(name: bytes) -> bytes:
    return laid(Entry(name, zlib.crc32(b"x"), 1, 0), data=b"x")


def _lying() -> bytes:
    return laid(Entry(b"a", 0, 1 << 30, 0), data=b"x")


ARCHIVES: dict[str, Callable[[MakeDraft, bytes], bytes]] = {
    "dot dot": lambda make, sound: _renamed(b"../../etc/cron.d/x"),
    "absolute": lambda make, sound: _renamed(b"/etc/cron.d/x"),
    "backslash": lambda make, sound: _renamed(b"..\\..\\x"),
    "NUL": lambda make, sound: _renamed(b"model.onnx\0.txt"),
    "drive": lambda make, sound: _renamed(b"C:x"),
    "symbolic link": lambda make, sound: packed(("model", b"/etc"), kind=stat.S_IFLNK),
    "hard link": lambda make, sound: _linked(),
    "device": lambda make, sound: packed(("model", b""), kind=stat.S_IFCHR),
    "one name twice": lambda make, sound: laid(ONE, Entry(b"a", ONE.crc, 1, ONE.end), data=b"x"),
    "case twin": lambda make, sound: laid(Entry(b"A", ONE.crc, 1, 0), Entry(b"a", ONE.crc, 1, ONE.end), data=b"x"),
    "NFC and NFD twins": lambda make, sound: packed(("\u00e9", b"x"), ("e\u0301", b"y")),
    "local is not central": lambda make, sound: sound.replace(b"MODEL_CARD.md", b"MODEL_CARX.md", 1),
    "junk before": lambda make, sound: b"#!/bin/sh\nexit\n" + sound,
    "junk after": lambda make, sound: sound + b"\0" * 100,
    "two archives": lambda make, sound: sound + sound,
    "entries that overlap": lambda make, sound: laid(ONE, ONE._replace(name=b"b"), data=b"x"),
    "a size that lies": lambda make, sound: _lying(),
    "a ratio of 1000": lambda make, sound: packed(("a", bytes(10 * MEBIBYTE)), method=zipfile.ZIP_DEFLATED),
    "100,000 entries": lambda make, sound: packed(*((f"f{number}", b"") for number in range(100_000))),
    "encrypted": lambda make, sound: ENCRYPTED,
    "an unknown method": lambda make, sound: packed(("a", b"x" * 99), method=zipfile.ZIP_LZMA),
    "a file missing": lambda make, sound: _without_one(make),
    "a file too many": lambda make, sound: _with_another(make),
    "a pickle for a graph": lambda make, sound: remade(
        make, lambda files: files.update({"model/model.onnx": Held(pickle.dumps(Pwn()))})
    ),
    "a pickle beside the graph": lambda make, sound: remade(
        make, lambda files: files.update({"model/weights.bin": Held(pickle.dumps(Pwn()))})
    ),
    "Python code": lambda make, sound: remade(
        make, lambda files: files.update({"model/sitecustomize.py": Held(b"import os")})
    ),
    "a library of operators": lambda make, sound: remade(
        make, lambda files: files.update({"model/ops.bin": Held(Path(sys.executable).read_bytes()[: 1 << 16])})
    ),
    "a directory of 32 MiB": lambda make, sound: laid(ONE, data=b"x", directory=bytes(32 * MEBIBYTE)),
    "a comment of ZIP": lambda make, sound: sound[:-2] + struct.pack("<H", 4) + b"evil",
    "nothing but an end": lambda make, sound: End(0, 0, 0).record(),
}


def _without_one(make_draft: MakeDraft) -> bytes:
    files, data = draw_up(make_draft())
    del files["profile.json"]
    stream = io.BytesIO()
    write_archive({**files, "manifest.json": Held(data)}, stream)
    return stream.getvalue()


def _linked() -> bytes:
    """A file that the extra field of Unix makes a link to another one."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        entry = zipfile.ZipInfo("model")
        entry.extra = struct.pack("<HHIIHH", 0x0D, 23, 0, 0, 0, 0) + b"/etc/passwd"
        entry.external_attr = (stat.S_IFREG | 0o644) << 16
        made.writestr(entry, b"")
    return stream.getvalue()


def _with_another(make_draft: MakeDraft) -> bytes:
    files, data = draw_up(make_draft())
    stream = io.BytesIO()
    write_archive({**files, "manifest.json": Held(data), "model/other.bin": Held(b"")}, stream)
    return stream.getvalue()


WORDS = {
    **dict.fromkeys(("dot dot", "absolute", "backslash", "NUL", "drive"), "is not one that a bundle may hold"),
    "symbolic link": "is a symbolic link",
    "hard link": "differs from the format's",
    "device": "is not a regular file",
    "one name twice": "is there twice",
    "case twin": "in case only",
    "NFC and NFD twins": "differs from the format's",
    "local is not central": "differs from the archive's directory",
    "junk before": "does not begin as an archive does",
    "junk after": "does not end as an archive does",
    "two archives": "bytes were added or are missing",
    "entries that overlap": "does not begin where the file before it ends",
    "a size that lies": "between the last file and the directory",
    "a ratio of 1000": "is compressed",
    "100,000 entries": "bytes were added or are missing",
    "encrypted": "is encrypted",
    "an unknown method": "is compressed (method 14)",
    "a file missing": "profile.json is missing",
    "a file too many": "model/other.bin is not listed",
    "a pickle for a graph": "model/model.onnx is a pickle",
    "a pickle beside the graph": "model/weights.bin is a pickle",
    "Python code": "model/sitecustomize.py is Python code",
    "a library of operators": "model/ops.bin is machine code",
    "a directory of 32 MiB": "has a directory that is longer",
    "a comment of ZIP": "does not end as an archive does",
    "nothing but an end": "is not a bundle",
}
"""What is said of each."""


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_hostile_archive_is_refused_cheaply_and_makes_no_file(
    kind: str, make_draft: MakeDraft, archive: Path, tmp_path: Path
) -> None:
    path = tmp_path / "hostile.lading"
    path.write_bytes(ARCHIVES[kind](make_draft, archive.read_bytes()))
    before = sorted(tmp_path.rglob("*"))
    used = resource.getrusage(resource.RUSAGE_SELF)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError) as caught:
            open_bundle(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert caught.value.exit_code == 4
    assert str(path) in str(caught.value)
    assert WORDS[kind] in str(caught.value)
    assert peak < 64 * MEBIBYTE
    assert after.ru_utime - used.ru_utime < 20  # some 10 ms; a bomb takes minutes
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/lading-was-here").exists()


@pytest.mark.parametrize(
    ("limits", "variable"),
    [
        pytest.param(Limits(archive_bytes=1000), "LADING_ARCHIVE_BYTES", id="an archive"),
        pytest.param(Limits(bundle_bytes=1000), "LADING_BUNDLE_BYTES", id="all files"),
        pytest.param(Limits(bundle_files=4), "LADING_BUNDLE_FILES", id="files"),
        pytest.param(Limits(graph_bytes=10), "LADING_GRAPH_BYTES", id="the graph"),
    ],
)
def test_more_than_is_read_is_refused_with_the_setting(
    limits: Limits, variable: str, archive: Path, folder: Path
) -> None:
    for path in (archive, folder):
        if variable == "LADING_ARCHIVE_BYTES" and path.is_dir():
            continue
        with pytest.raises(TooLargeError, match=variable):
            open_bundle(path, limits=limits)
        open_bundle(path).close()


def test_a_manifest_beyond_the_limit_is_refused(archive: Path) -> None:
    with pytest.raises(BundleError, match=r"manifest\.json has \d+ bytes; at most 100 are allowed"):
        open_bundle(archive, limits=Limits(manifest_bytes=100))


@pytest.mark.parametrize("what", ["pipe", "device"])
def test_what_is_no_file_holds_nobody_up(tmp_path: Path, what: str) -> None:
    path = tmp_path / "pipe"
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(BundleError, match="neither a file nor a folder"):
        open_bundle(path)


def test_an_archive_that_is_cut_while_it_is_read_is_refused(make_draft: MakeDraft, tmp_path: Path) -> None:
    path = tmp_path / "x.lading"
    write_bundle(make_draft(), path)
    with open_bundle(path) as bundle:
        os.truncate(path, path.stat().st_size - END_SIZE - 2000)
        with pytest.raises(BundleError):
            copy_bundle(bundle, tmp_path / "copy")


def test_a_verification_of_a_hostile_archive_ends_with_4(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "hostile.lading"
    path.write_bytes(archive.read_bytes() + b"more")
    command = [sys.executable, "-c", "from lading.core.main import main; main()", "verify", str(path)]
    ran = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert ran.returncode == 4
