"""Atomic writing: the old bytes or the new ones, and nothing left over."""

import ctypes
import errno
import fcntl
import inspect
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import pytest

from lading.bundles.storage import atomic
from lading.bundles.storage.atomic import DiskFullError, NotWritableError, WriteError, new_file, new_folder


def write_file(target: Path, data: bytes = b"new") -> None:
    with new_file(target, len(data)) as stream:
        stream.write(data)


def write_folder(target: Path, data: bytes = b"new") -> None:
    with new_folder(target, len(data)) as folder:
        (folder / "data").write_bytes(data)


def read(target: Path) -> bytes:
    return (target / "data" if target.is_dir() else target).read_bytes()


Write = Callable[..., None]
BOTH = pytest.mark.parametrize("write", [write_file, write_folder])


@BOTH
def test_what_was_there_is_replaced_and_nothing_else_remains(write: Write, tmp_path: Path) -> None:
    target = tmp_path / "target"
    for data in (b"old", b"new"):
        write(target, data)
        assert read(target) == data
        assert os.listdir(tmp_path) == ["target"]


@BOTH
def test_a_new_target_has_the_mode_that_the_user_asked_of_the_system(write: Write, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "target")
    finally:
        os.umask(before)
    mode = stat.S_IMODE((tmp_path / "target").stat().st_mode)
    assert mode == (0o640 if write is write_file else 0o750)


def test_nobody_else_can_read_what_is_being_written(tmp_path: Path) -> None:
    with new_file(tmp_path / "target", 1):
        (path,) = tmp_path.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with new_folder(tmp_path / "folder", 1) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@BOTH
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), ValueError("any"), MemoryError()])
def test_a_failure_while_writing_leaves_the_old_one(write: Write, tmp_path: Path, error: BaseException) -> None:
    write(tmp_path / "target", b"old")
    begin = new_file if write is write_file else new_folder
    with pytest.raises(type(error)), begin(tmp_path / "target", 3):
        raise error
    assert read(tmp_path / "target") == b"old"
    assert os.listdir(tmp_path) == ["target"]


@pytest.mark.parametrize(
    ("write", "module", "step"),
    [
        pytest.param(write_file, os, "fsync", id="before the bytes are on disk"),
        pytest.param(write_file, Path, "replace", id="before the rename"),
        pytest.param(write_folder, Path, "chmod", id="before the folder is opened to others"),
        pytest.param(write_folder, atomic, "_exchange", id="before the exchange"),
    ],
)
def test_an_interrupt_at_each_step_leaves_the_old_one(
    write: Write, module: object, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    write(tmp_path / "target", b"old")
    if step == "chmod":
        with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "target", 3):
            monkeypatch.setattr(module, step, interrupt)
    else:
        monkeypatch.setattr(module, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "target")
    monkeypatch.undo()
    assert read(tmp_path / "target") == b"old"
    assert os.listdir(tmp_path) == ["target"]


@BOTH
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of what Python's library had open
def test_an_interrupt_whenever_it_comes_leaves_the_old_one_or_the_new(write: Write, tmp_path: Path) -> None:
    """Python looks for one where functions begin, and where those of C have returned."""

    def interrupted(chosen: int) -> int:
        """Interrupt there, at the place of that number; returns how many there were."""
        events = 0

        def count(frame: FrameType, event: str, argument: object) -> None:
            nonlocal events
            # A generator would end without being told, which a signal does not make it do.
            begins = event == "call" and not frame.f_code.co_flags & inspect.CO_GENERATOR
            events += begins or event == "c_return"
            if events == chosen:
                raise KeyboardInterrupt

        sys.setprofile(count)
        try:
            write(tmp_path / "target", b"new")
        finally:
            sys.setprofile(None)
        return events

    whole = interrupted(-1)
    assert whole > 50
    for number in range(1, whole):
        write(tmp_path / "target", b"old")
        with suppress(KeyboardInterrupt):
            interrupted(number)
        assert os.listdir(tmp_path) == ["target"], number
        assert read(tmp_path / "target") in (b"old", b"new")


@BOTH
@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        pytest.param(errno.ENOSPC, DiskFullError, "123456 bytes are needed", id="full"),
        pytest.param(errno.EDQUOT, DiskFullError, "free some or write elsewhere", id="quota"),
        pytest.param(errno.EACCES, NotWritableError, "choose another folder", id="not allowed"),
        pytest.param(errno.EROFS, NotWritableError, "choose another folder", id="read-only"),
        pytest.param(errno.EIO, WriteError, "Input/output error", id="any other"),
    ],
)
def test_what_the_system_refuses_is_said_with_the_folder(
    write: Write, number: int, error: type[Exception], words: str, tmp_path: Path
) -> None:
    begin = new_file if write is write_file else new_folder
    with pytest.raises(error) as caught, begin(tmp_path / "target", 123456):
        raise OSError(number, os.strerror(number))
    assert str(tmp_path) in str(caught.value)
    assert words in str(caught.value)
    assert os.listdir(tmp_path) == []


@BOTH
def test_a_folder_that_is_not_there_is_said(write: Write, tmp_path: Path) -> None:
    with pytest.raises(NotWritableError, match="No such file"):
        write(tmp_path / "none" / "target")


def in_another_process(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_larger_than_the_system_allows_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")
    code = """
        import resource, sys
        from pathlib import Path
        from lading.bundles.storage.atomic import WriteError, new_file
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            with new_file(Path(sys.argv[1]) / "target", 5000) as stream:
                stream.write(bytes(5000))
        except WriteError as error:
            print(error)
    """
    ended = in_another_process(code, tmp_path)
    assert "File too large" in ended.stdout, ended.stderr
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["target"]


def test_a_user_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    code = """
        import os, sys
        from pathlib import Path
        from lading.bundles.storage.atomic import NotWritableError, new_file
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            with new_file(Path(sys.argv[1]) / "target", 1):
                pass
        except NotWritableError as error:
            print(error)
    """
    ended = in_another_process(code, tmp_path)
    assert "Permission denied" in ended.stdout, ended.stderr
    assert str(tmp_path) in ended.stdout


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from lading.bundles.storage.atomic import new_file, new_folder
    with new_file(Path(sys.argv[1]) / "target", 1) as stream, new_folder(Path(sys.argv[1]) / "folder", 1) as folder:
        stream.write(b"half")
        stream.flush()
        (folder / "data").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    assert in_another_process(KILLED, tmp_path).returncode == -signal.SIGKILL
    assert (tmp_path / "target").read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 3
    write_file(tmp_path / "other")
    assert sorted(os.listdir(tmp_path)) == ["other", "target"]


def test_what_another_writer_is_at_is_left_alone(tmp_path: Path) -> None:
    with new_file(tmp_path / "one", 1) as stream, new_folder(tmp_path / "two", 1) as folder:
        write_file(tmp_path / "three")
        stream.write(b"1")
        (folder / "data").write_bytes(b"2")
    assert read(tmp_path / "one") == b"1"
    assert read(tmp_path / "two") == b"2"


@BOTH
def test_a_writer_whose_temporary_name_was_cleaned_up_takes_another(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = iter([BlockingIOError(), None, OSError(errno.ENOLCK, "no locks here")])
    real = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        if (error := next(locked, None)) is not None:
            raise error
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    write(tmp_path / "target")
    assert read(tmp_path / "target") == b"new"


def test_a_file_system_without_locks_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    write_file(tmp_path / "target")
    write_file(tmp_path / "target", b"newer")
    assert read(tmp_path / "target") == b"newer"
    assert os.listdir(tmp_path) == ["target"]


class Nothing:
    """A C library that knows neither way to exchange two names."""


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Nothing())


@pytest.mark.usefixtures("no_exchange")
def test_folders_are_replaced_where_names_cannot_be_exchanged(tmp_path: Path) -> None:
    write_folder(tmp_path / "target", b"old")
    write_folder(tmp_path / "target", b"new")
    assert read(tmp_path / "target") == b"new"
    assert os.listdir(tmp_path) == ["target"]


@pytest.mark.usefixtures("no_exchange")
def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "target", b"old")
    real, calls = Path.rename, iter([False, True, False])

    def rename(path: Path, target: Path) -> Path:
        if next(calls):
            raise KeyboardInterrupt
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "target", b"new")
    assert read(tmp_path / "target") == b"old"
    assert os.listdir(tmp_path) == ["target"]


def test_macos_has_a_call_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    class Library:
        def renamex_np(self, *arguments: object) -> int:
            asked.append(arguments)
            return -1

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library())
    write_folder(tmp_path / "target", b"old")
    write_folder(tmp_path / "target", b"new")
    assert read(tmp_path / "target") == b"new"
    assert [arguments[1:] for arguments in asked] == [(os.fsencode(tmp_path / "target"), 2)]
