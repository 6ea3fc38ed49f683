"""A file makes way for a fresh one when it is full; lines are whole, in order, and bounded."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.requests.rotating_file import RotatingFile

CROWDED = """
import errno, pathlib, resource, sys
from lading.runtime.requests.rotating_file import RotatingFile

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # no file grows beyond it, as if the disk were full then
log = RotatingFile(pathlib.Path(sys.argv[1]), 1 << 20, 2)
log.write(b"a" * 899 + bytes([10]))
try:
    log.write(b"b" * 199 + bytes([10]))
except OSError as error:
    sys.stdout.write(errno.errorcode[error.errno])
log.write(b"c" * 49 + bytes([10]))
log.close()
"""
"""In a process of its own: the limit would hold for whatever pytest writes to, too."""


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 4), st.integers(20, 100))
def test_the_newest_lines_stay_whole_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], files: int, most: int
) -> None:
    folder = tmp_path_factory.mktemp("rotating")
    log = RotatingFile(folder / "log.jsonl", most, files)
    lines = [f"{number:03}".encode() + b"x" * length + b"\n" for number, length in enumerate(lengths)]
    for number, line in enumerate(lines):
        log.write(line)
        if number % 7 == 0:
            log.close()  # it is opened again, and goes on
    log.close()
    places = [folder / "log.jsonl", *(folder / f"log.jsonl.{number}" for number in range(1, 9))]
    found = [place.read_bytes() for place in places if place.exists()]
    assert len(found) <= files
    assert all(len(data) <= most or data.count(b"\n") == 1 for data in found)
    kept = b"".join(reversed(found)).splitlines(keepends=True)
    assert kept == lines[len(lines) - len(kept) :]
    assert bool(kept) == bool(lines)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    log = RotatingFile(tmp_path / "log", 1000, 2)
    log.write(b"secret\n")
    log.close()
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_line_that_finds_no_space_is_not_begun(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CROWDED, str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "ENOSPC"), done.stderr
    assert (tmp_path / "log").read_bytes() == b"a" * 899 + b"\n" + b"c" * 49 + b"\n"


def test_a_place_that_cannot_be_written_is_an_error_each_time_until_it_can(tmp_path: Path) -> None:
    log = RotatingFile(tmp_path / "folder" / "log", 1000, 2)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            log.write(b"line\n")
    (tmp_path / "folder").mkdir()
    log.write(b"line\n")
    log.close()
    assert (tmp_path / "folder" / "log").read_bytes() == b"line\n"
