import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from lading.runtime.errors import OverloadedError
from lading.runtime.pool import NICENESS, THREADS, Pool

WORK_SECONDS = 0.05


def work() -> str:
    time.sleep(WORK_SECONDS)
    return "done"


def run(scene: Callable[[Pool], Awaitable[None]], queue_seconds: float) -> None:
    async def played() -> None:
        pool = Pool("model", queue_seconds)
        pool.pace = WORK_SECONDS
        await scene(pool)

    asyncio.run(played())


def test_as_much_is_taken_as_can_be_done_in_time_and_the_rest_is_refused_at_once() -> None:
    async def scene(pool: Pool) -> None:
        # Of 0.05 s, ten make half a second, and the eleventh waits for that.
        taken = [pool.submit(work) for _ in range(11)]
        with pytest.raises(OverloadedError) as caught:
            pool.submit(work)
        assert caught.value.headers == ((b"retry-after", b"1"),)
        assert set(await asyncio.gather(*taken)) == {"done"}

    run(scene, queue_seconds=0.5)


def test_what_finds_a_free_thread_is_never_refused() -> None:
    async def scene(pool: Pool) -> None:
        pool.pace = 1e9
        assert await asyncio.gather(*(pool.submit(work) for _ in range(THREADS))) == ["done"] * THREADS

    run(scene, queue_seconds=0.001)


def test_the_pace_is_learnt_from_what_ends() -> None:
    async def scene(pool: Pool) -> None:
        pool.pace = 100.0
        for _ in range(60):
            await asyncio.gather(*(pool.submit(work) for _ in range(THREADS)))
        assert WORK_SECONDS / THREADS / 2 < pool.pace < WORK_SECONDS * 20

    run(scene, queue_seconds=1e9)


def test_what_is_given_up_before_it_begins_is_not_done_and_leaves_the_line() -> None:
    async def scene(pool: Pool) -> None:
        free, done = threading.Event(), []
        jobs = [pool.submit(lambda: done.append(free.wait(20))) for _ in range(10)]
        for job in jobs[THREADS:]:
            job.cancel()
        await asyncio.sleep(0)  # the loop tells the threads' side of it
        free.set()
        await asyncio.gather(*jobs, return_exceptions=True)
        assert len(done) == THREADS
        pool.pace = 1e9
        await pool.submit(work)  # nothing is before it any more

    run(scene, queue_seconds=1)


def test_work_gives_way_to_the_event_loop() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    async def asked() -> tuple[int, int]:
        return niceness(), await Pool("nice").submit(niceness)

    own, others = asyncio.run(asked())
    assert others == min(19, own + NICENESS)
