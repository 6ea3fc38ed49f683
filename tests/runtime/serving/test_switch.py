"""The switch: all replicas turn or none does, however one of them fails."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lading.core.errors import IntegrityError
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.failures import failure_of
from lading.runtime.serving.plan import Plan, PlanReader
from lading.runtime.serving.standing import Standing, remove_standing, write_standing
from lading.runtime.serving.switch import LostReplicaError, Switch, SwitchTimeoutError

NOTHING = Desired(bundles=(), threads=1)
EDGE: Any = None


class LieError(IntegrityError):
    """A bundle lies."""


@contextmanager
def processes(count: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes that live until they are ended."""
    found = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(count)]
    try:
        yield found
    finally:
        for process in found:
            process.kill()
            process.wait()


async def played(
    folder: Path, seconds: float, play: Callable[[int, Plan], None], pids: list[int], edge_starts: int = 0
) -> Switch:
    """A switch that changes once, while ``play`` says for each replica what it does about the plan.

    The edge answers once it was asked ``edge_starts`` times.
    """
    starting = iter(range(edge_starts))
    slots = [folder / f"slot{number}.sock" for number in range(len(pids))]

    async def up() -> frozenset[str]:
        for _ in starting:
            raise ConnectionRefusedError
        return frozenset(slot.stem for slot in slots)

    edge: Any = SimpleNamespace(up=up)
    switch = Switch(folder, edge, seconds)
    switch.begin(NOTHING)
    for slot, pid in zip(slots, pids, strict=True):
        write_standing(slot, Standing(pid=pid, current=1))

    async def follow() -> None:
        reader = PlanReader(folder)
        while True:
            if (plan := reader.fresh()) is not None:
                for number in range(len(slots)):
                    play(number, plan)
            await asyncio.sleep(0.005)

    following = asyncio.create_task(follow())
    try:
        await switch.change(NOTHING, lambda: None)
    finally:
        following.cancel()
    return switch


def obedient(folder: Path, pids: list[int]) -> Callable[[int, Plan], None]:
    """What a replica does when all goes well."""

    def play(number: int, plan: Plan) -> None:
        following = None if plan.following is None else plan.following.number
        standing = Standing(pid=pids[number], current=plan.current.number, following=following)
        write_standing(folder / f"slot{number}.sock", standing)

    return play


def dead() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def now(folder: Path) -> Plan:
    """The plan as it is."""
    plan = PlanReader(folder).fresh()
    assert plan is not None
    return plan


def test_all_of_them_turn(tmp_path: Path) -> None:
    with processes(2) as found:
        pids = [process.pid for process in found]
        switch = asyncio.run(played(tmp_path, 10, obedient(tmp_path, pids), pids))
    assert switch.current.number == 2
    assert now(tmp_path) == Plan(current=switch.current)


def test_all_of_them_turn_whatever_one_that_was_killed_before_has_left(tmp_path: Path) -> None:
    write_standing(tmp_path / "slot7.sock", Standing(pid=dead(), current=1))
    with processes(2) as found:
        pids = [process.pid for process in found]
        switch = asyncio.run(played(tmp_path, 10, obedient(tmp_path, pids), pids))
    assert switch.current.number == 2


def test_what_one_that_was_killed_has_left_does_not_speak_for_the_one_that_has_its_slot(tmp_path: Path) -> None:
    with processes(1) as found:
        pids = [found[0].pid, dead()]
        with pytest.raises(SwitchTimeoutError):
            asyncio.run(played(tmp_path, 0.2, obedient(tmp_path, pids), pids))
    assert now(tmp_path).following is None


def test_all_of_them_turn_though_the_edge_is_started_again_meanwhile(tmp_path: Path) -> None:
    with processes(2) as found:
        pids = [process.pid for process in found]
        switch = asyncio.run(played(tmp_path, 10, obedient(tmp_path, pids), pids, edge_starts=3))
    assert switch.current.number == 2


def test_the_end_waits_until_all_have_written_what_waits(tmp_path: Path) -> None:
    async def scene(pid: int) -> None:
        switch = Switch(tmp_path, EDGE, 10)
        await switch.end(60)  # nobody is there
        switch.begin(NOTHING)
        slot = tmp_path / "slot0.sock"
        write_standing(slot, Standing(pid=pid, current=1))
        write_standing(tmp_path / "slot7.sock", Standing(pid=dead(), current=1))
        ending = asyncio.create_task(switch.end(60))
        while not now(tmp_path).over:
            await asyncio.sleep(0.005)
        assert not ending.done()
        remove_standing(slot)
        await ending

    with processes(1) as found:
        asyncio.run(asyncio.wait_for(scene(found[0].pid), 30))


def test_the_end_does_not_wait_for_one_that_hangs(tmp_path: Path) -> None:
    with processes(1) as found:
        write_standing(tmp_path / "slot0.sock", Standing(pid=found[0].pid, current=1))
        asyncio.run(asyncio.wait_for(Switch(tmp_path, EDGE, 10).end(0.1), 30))


def test_none_turns_when_one_cannot_get_ready(tmp_path: Path) -> None:
    with processes(2) as found:
        pids = [process.pid for process in found]

        def play(number: int, plan: Plan) -> None:
            if number == 1 and plan.following is not None:
                failed = Standing(pid=pids[1], current=1, failed=2, failure=failure_of(LieError("row 3")))
                write_standing(tmp_path / "slot1.sock", failed)
            else:
                obedient(tmp_path, pids)(number, plan)

        with pytest.raises(IntegrityError, match="row 3"):
            asyncio.run(played(tmp_path, 10, play, pids))
    assert (now(tmp_path).current.number, now(tmp_path).following) == (1, None)


def test_none_turns_when_one_takes_too_long(tmp_path: Path) -> None:
    with processes(1) as found, pytest.raises(SwitchTimeoutError, match="LADING_SWITCH_SECONDS"):
        asyncio.run(played(tmp_path, 0.2, lambda _number, _plan: None, [found[0].pid]))
    assert (now(tmp_path).current.number, now(tmp_path).following) == (1, None)


def test_none_turns_when_one_dies_of_it(tmp_path: Path) -> None:
    with processes(2) as found:
        pids = [process.pid for process in found]

        def play(number: int, plan: Plan) -> None:
            if plan.following is not None:
                found[number].kill()
                found[number].wait()

        with pytest.raises(LostReplicaError):
            asyncio.run(played(tmp_path, 10, play, pids))
    assert (now(tmp_path).current.number, now(tmp_path).following) == (1, None)
