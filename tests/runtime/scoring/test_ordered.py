"""Ordered work: results in the order of what was given, and never too much of it at a time."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from lading.runtime.scoring.ordered import AHEAD, Ordered

THREADS = 3


def nothing() -> None:
    pass


def weightless(_: int) -> int:
    return 0


def test_results_come_in_order_however_long_each_takes() -> None:
    def work(piece: int) -> int:
        time.sleep(0.01 * (piece % THREADS == 0))
        return piece

    assert list(Ordered(work, THREADS, weightless, 1, nothing).results(iter(range(50)))) == list(range(50))


def test_all_threads_work_at_a_time() -> None:
    together = threading.Barrier(THREADS, timeout=60)

    def work(piece: int) -> int:
        together.wait()
        return piece

    assert len(list(Ordered(work, THREADS, weightless, 1, nothing).results(iter(range(2 * THREADS))))) == 2 * THREADS


@pytest.mark.parametrize(
    ("size", "most", "taken"),
    [
        pytest.param(0, 1, AHEAD * THREADS + 1, id="pieces for each thread"),
        pytest.param(10, 25, 3, id="as many as have room, and the one that finds none"),
        pytest.param(100, 25, 2, id="one that is too large by itself, and the next"),
    ],
)
def test_no_more_is_taken_than_there_is_room_for(size: int, most: int, taken: int) -> None:
    read: list[int] = []

    def given() -> Iterator[int]:
        for piece in range(100):
            read.append(piece)
            yield piece

    def same(piece: int) -> int:
        return piece

    with closing(Ordered(same, THREADS, lambda _: size, most, nothing).results(given())) as results:
        assert next(results) == 0
        assert len(read) == taken


@pytest.mark.parametrize("pieces", [4, 100], ids=["fewer than are taken at a time", "more"])
def test_of_several_errors_that_of_the_first_piece_comes_and_nothing_after_it(pieces: int) -> None:
    def given() -> Iterator[int]:
        yield from range(pieces)
        raise LookupError("the file ends here")

    def work(piece: int) -> int:
        if piece == 2:
            time.sleep(0.05)
        if piece >= 2:
            raise ValueError(piece)
        return piece

    results = Ordered(work, THREADS, weightless, 1, nothing).results(given())
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match=r"^2$"):
        next(results)
    assert next(results, None) is None


def test_what_was_given_before_an_error_is_done() -> None:
    def given() -> Iterator[int]:
        yield from range(4)
        raise LookupError("the file ends here")

    results = Ordered(lambda piece: piece, THREADS, weightless, 1, nothing).results(given())
    assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(LookupError):
        next(results)


def test_what_is_in_work_is_stopped_when_it_is_closed_and_the_rest_left() -> None:
    begun: list[int] = []
    stopped = threading.Event()

    def work(piece: int) -> int:
        begun.append(piece)
        return piece if piece == 0 or stopped.wait(60) else -1

    results = Ordered(work, 1, weightless, 1, stopped.set).results(iter(range(10)))
    assert next(results) == 0
    results.close()
    assert stopped.is_set()
    assert len(begun) <= 2


def test_nothing_is_stopped_that_ends_by_itself() -> None:
    stopped = threading.Event()
    assert list(Ordered(lambda piece: piece, THREADS, weightless, 1, stopped.set).results(iter(range(3)))) == [0, 1, 2]
    assert not stopped.is_set()
