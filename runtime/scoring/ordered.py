"""Ordered work: done by several threads at a time, its results in the order of what was given."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

AHEAD = 2
"""Pieces of work for each thread that are taken at a time, so that none waits while results are written."""

Given = TypeVar("Given")
Made = TypeVar("Made")


class Ordered(Generic[Given, Made]):
    """``work`` on pieces, in ``threads`` threads; of the pieces that are taken at a time ``size`` is at most ``most``.

    One piece is always taken, however large it is. ``stop`` is called where the results end early, and has what is in
    work end soon.
    """

    def __init__(
        self,
        work: Callable[[Given], Made],
        threads: int,
        size: Callable[[Given], int],
        most: int,
        stop: Callable[[], None],
    ) -> None:
        self._work, self._threads, self._size, self._most, self._stop = work, threads, size, most, stop
        self._taken: deque[tuple[Future[Made], int]] = deque()

    def results(self, given: Iterator[Given]) -> Generator[Made, None, None]:
        """What is made of each piece, in their order. To be closed; what is not begun by then is left.

        What ``work`` or ``given`` raises comes in that order, too.
        """
        with ThreadPoolExecutor(self._threads, thread_name_prefix="lading-scoring") as pool:
            try:
                yield from self._results(given, pool)
            except BaseException:  # before the pool waits for its threads
                self._stop()
                raise
            finally:
                for future, _ in self._taken:
                    future.cancel()

    def _results(self, given: Iterator[Given], pool: ThreadPoolExecutor) -> Iterator[Made]:
        failed: Exception | None = None
        while True:
            try:
                piece = next(given)
            except StopIteration:
                break
            except Exception as error:  # an error of an earlier piece comes first
                failed = error
                break
            size = self._size(piece)
            yield from self._until_room_for(size)
            self._taken.append((pool.submit(self._work, piece), size))
        yield from self._rest()
        if failed is not None:
            raise failed

    def _until_room_for(self, size: int) -> Iterator[Made]:
        while self._taken and not self._has_room(size):
            yield self._next()

    def _has_room(self, size: int) -> bool:
        held = sum(other for _, other in self._taken)
        return len(self._taken) < AHEAD * self._threads and held + size <= self._most

    def _rest(self) -> Iterator[Made]:
        while self._taken:
            yield self._next()

    def _next(self) -> Made:
        future, _ = self._taken.popleft()
        return future.result()
