"""Hundreds of hot swaps under load; a thousand where the variable SWAPS says so."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.runtime.administration.times import PATH, REQUEST, answer
from tests.runtime.serving.administered import Administered

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Load

pytestmark = pytest.mark.swaps

SWAPS = int(os.environ.get("SWAPS", "200"))
SETTLED = 50
"""Swaps after which a process has what it needs."""
RATE = 200.0
MORE = 20
"""Open files, or threads, that there may be more afterwards: not one for each swap."""
REST_SECONDS = 30.0
MEBIBYTE = 1 << 20


@pytest.fixture
def administered(tmp_path: Path) -> Iterator[Administered]:
    """A server with two replicas."""
    one = Administered(tmp_path, "--replicas", "2")
    try:
        yield one
    finally:
        one.serving.close()


def sizes(one: Administered) -> list[tuple[int, int, int, int]]:
    """The replicas and the server itself: process, bytes of memory, open files, threads."""
    found = [*one.replicas(), one.process()]
    return [(p.pid, p.memory_info().rss, p.num_fds(), p.num_threads()) for p in found]


def at_rest(one: Administered, before: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """The same once connections that a busy machine held open have gone; after half a minute whatever there is."""
    end = time.monotonic() + REST_SECONDS
    while True:
        found = sizes(one)
        if all(now[2] <= then[2] + MORE for now, then in zip(found, before, strict=True)) or time.monotonic() > end:
            return found
        time.sleep(0.5)


@pytest.mark.timeout(1200)
def test_swaps_lose_no_request_and_leave_nothing_behind(
    administered: Administered, load: Callable[..., "Load"]
) -> None:
    one, before = administered, list[tuple[int, int, int, int]]()
    steady = load(one.serving, PATH, REQUEST, RATE)
    taken = []
    for turn in range(SWAPS):
        if turn == SETTLED:
            before = sizes(one)
        factor, begun = 1 + (turn + 1) % 2, time.monotonic()
        one.deploy(factor)
        taken.append(time.monotonic() - begun)
        assert one.asked().content == answer(factor), "what was there before is gone once it is said to be done"
    answers = steady.stop()
    after = at_rest(one, before)
    taken.sort()
    grown = [(now[1] - then[1]) / MEBIBYTE for now, then in zip(after, before, strict=True)]
    print(
        f"{SWAPS} swaps: p50 {taken[SWAPS // 2]:.2f} s, longest {taken[-1]:.2f} s; requests {dict(answers)}; memory "
        f"{', '.join(f'{mebibytes:+.1f}' for mebibytes in grown)} MiB in {SWAPS - SETTLED} of them"
    )
    assert set(answers) == {"200"}, answers
    assert steady.bodies == {answer(1), answer(2)}
    for (pid, _, files, threads), then in zip(after, before, strict=True):
        assert pid == then[0]
        assert files <= then[2] + MORE
        assert threads <= then[3] + MORE
    assert max(grown) <= 24
