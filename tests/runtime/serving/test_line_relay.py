"""The line relay: whole lines arrive in order, and who writes them never waits."""

import os
import threading
from collections.abc import Iterator

import pytest

from lading.runtime.serving.line_relay import PATIENCE_SECONDS, LineRelay


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Where to read, and where to write."""
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


def read_lines(descriptor: int, count: int) -> list[bytes]:
    data = b""
    while data.count(b"\n") < count:
        data += os.read(descriptor, 65536)
    return data.splitlines()


def test_lines_of_any_length_arrive_in_order(pipe: tuple[int, int]) -> None:
    read, write = pipe
    relay = LineRelay(write)
    lines = ["one", "", "é" * 3000, "a" * 4095, "b" * 4096, "c" * 20_000, "two\nthree", "\ud800"]
    for line in lines:
        relay.write(line)
    relay.close()
    expected = "\n".join(lines).encode(errors="replace").split(b"\n")
    assert read_lines(read, len(expected)) == expected
    assert relay.dropped == 0


def test_each_line_is_rewritten(pipe: tuple[int, int]) -> None:
    read, write = pipe
    relay = LineRelay(write, lambda line: line.upper() if line.startswith(b"a") else b"")
    for line in ("abc", "b", "a" * 10_000):
        relay.write(line)
    relay.close()
    assert read_lines(read, 2) == [b"ABC", b"A" * 10_000]


def test_lines_of_two_writers_do_not_mix(pipe: tuple[int, int]) -> None:
    read, write = pipe
    relay = LineRelay(write)
    found: list[bytes] = []
    reading = threading.Thread(target=lambda: found.extend(read_lines(read, 4000)))
    reading.start()

    def many(letter: str) -> None:
        for number in range(2000):
            while not _written(relay, letter * (1 + number % 300)):
                continue

    writers = [threading.Thread(target=many, args=[letter]) for letter in "ab"]
    for writer in writers:
        writer.start()
    for thread in (*writers, reading):
        thread.join()
    relay.close()
    assert len(found) == 4000
    assert {bytes(set(line)) for line in found} == {b"a", b"b"}


def _written(relay: LineRelay, line: str) -> bool:
    try:
        os.write(relay.descriptor, line.encode() + b"\n")
    except BlockingIOError:
        return False
    return True


def test_where_nobody_reads_lines_are_dropped_and_counted_and_nobody_waits() -> None:
    read, write = os.pipe()
    relay = LineRelay(write)
    for _ in range(3000):
        relay.write("x" * 1000)
    assert 0 < relay.dropped < 3000
    closing = threading.Thread(target=relay.close)
    closing.start()
    closing.join(PATIENCE_SECONDS + 20)
    assert not closing.is_alive()
    os.close(read)
    relay._thread.join()  # else it might write to what comes to have the descriptor's number
    os.close(write)


def test_when_the_reader_is_gone_nothing_happens() -> None:
    read, write = os.pipe()
    os.close(read)
    relay = LineRelay(write)
    for _ in range(3000):
        relay.write("x" * 1000)
    relay.close()
    os.close(write)
