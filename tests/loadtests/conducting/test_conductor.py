"""The conductor: steps of two servers over the same time, and what is kept of them whatever ends them."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psutil
import pytest

from lading.bundles.bundle import Bundle
from lading.loadtests.conducting.conductor import Conductor, HaltedError, Station
from lading.loadtests.conducting.server import subject_of
from lading.loadtests.conducting.shapes import constant
from lading.loadtests.conducting.taking_turns import pair, turns_of_round
from lading.loadtests.generating.crew import Crew, GeneratorError
from lading.loadtests.judging.turns import turns
from lading.loadtests.measuring.step import GENERATOR_FAILED, INTERRUPTED, Role
from lading.loadtests.payloads.pool import draw_requests
from lading.loadtests.plan import Plan
from tests.loadtests.answering import Answering
from tests.loadtests.conftest import Ask
from tests.loadtests.serving import RightServer, right_answers
from tests.loadtests.silent import Silent

MODEL = "readings"
ROLES: tuple[Role, ...] = ("candidate", "baseline")
LONG = [constant(20, 60)]
DIED = "the server ended with exit code 1"

After = Callable[[float, Callable[[], object]], None]


@pytest.fixture(scope="module")
def stations(opened: dict[str, Bundle], bundle_paths: dict[str, Path], ask: Ask) -> Iterator[dict[Role, Station]]:
    """Two servers, and a process for each that asks it."""
    answers = right_answers(draw_requests(opened[MODEL], MODEL, Plan().traffic), ask)
    with ExitStack() as held:
        found = dict[Role, Station]()
        for role in ROLES:
            server = Answering(held.enter_context(RightServer(answers)), subject_of(opened[MODEL], "here", None))
            found[role] = Station(
                server, held.enter_context(Crew(bundle_paths[MODEL], server.endpoint, Plan().traffic))
            )
        yield found


def test_both_are_asked_over_the_same_time(stations: dict[Role, Station]) -> None:
    plan = Plan(rate=200, round_seconds=1)
    conductor = Conductor(stations, Silent())
    for role in ROLES:
        conductor.drive(role, "load", [constant(200, 0.5)])
    [schedules] = pair(plan, turns_of_round(plan, conductor.steps), turns())
    one, other = conductor.drive_all("comparison", schedules)
    assert conductor.steps[-2:] == [one, other]
    assert one.start == other.start
    for step in (one, other):
        assert [step.seconds, step.breaks] == pytest.approx([2, 1])
        assert (step.due, step.failed, step.rate, step.rate_after) == (200, 0, 200, 200)
        assert {window.second for window in step.windows if window.due} == {0, 1}
        assert step.throughput == pytest.approx(step.answered)


@pytest.fixture
def after() -> Iterator[After]:
    """Has something done after some seconds. A signal that comes when its test is over harms no other."""
    timers, over = list[threading.Timer](), False
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(*_: object) -> None:
        if not over:
            raise KeyboardInterrupt

    def later(seconds: float, what: Callable[[], object]) -> None:
        timers.append(threading.Timer(seconds, what))
        timers[-1].start()

    for one in before:
        signal.signal(one, interrupt)
    yield later
    over = True
    for timer in timers:
        timer.join()
    for one, handler in before.items():
        signal.signal(one, handler)


def test_one_that_ends_ends_the_other_step_too(stations: dict[Role, Station], after: After) -> None:
    conductor, server = Conductor(stations, Silent()), stations["candidate"].server
    assert isinstance(server, Answering)
    after(0.5, lambda: setattr(server, "why", DIED))
    try:
        with pytest.raises(HaltedError, match=DIED):
            conductor.drive_all("comparison", {"baseline": LONG, "candidate": LONG})
    finally:
        server.why = None
    assert {step.role: step.ended for step in conductor.steps} == {"candidate": DIED, "baseline": INTERRUPTED}
    assert all(step.answered for step in conductor.steps)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_what_was_measured_until_an_interruption_is_kept(
    stations: dict[Role, Station], after: After, ending: signal.Signals
) -> None:
    conductor, handler = Conductor(stations, Silent()), signal.getsignal(ending)
    after(1, lambda: os.kill(os.getpid(), ending))
    with pytest.raises(HaltedError, match=INTERRUPTED):
        conductor.drive_all("comparison", dict.fromkeys(ROLES, LONG))
    assert signal.getsignal(ending) == handler
    assert [(step.role, step.ended) for step in conductor.steps] == [(role, INTERRUPTED) for role in ROLES]
    assert all(0.5 < step.seconds < 30 for step in conductor.steps), "it lasted no longer"
    assert all(step.answered for step in conductor.steps)


def test_a_second_ctrl_c_ends_it_at_once(stations: dict[Role, Station], after: After) -> None:
    """After the first one what is under way is awaited for a second: here it does not come."""
    conductor, server = Conductor(stations, Silent()), stations["candidate"].server
    assert isinstance(server, Answering)
    after(0.5, partial(server.behind.stall, 2))
    driving = signal.getsignal(signal.SIGINT)

    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        while signal.getsignal(signal.SIGINT) != driving:  # until the first one was heard
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    after(1.0, twice)
    with pytest.raises(KeyboardInterrupt):
        conductor.drive_all("comparison", dict.fromkeys(ROLES, LONG))
    assert conductor.steps == []


def test_a_load_generator_that_dies_ends_all_and_loses_nothing(
    stations: dict[Role, Station], bundle_paths: dict[str, Path], after: After
) -> None:
    station = stations["candidate"]
    with Crew(bundle_paths[MODEL], station.server.endpoint, Plan().traffic) as crew:
        conductor = Conductor({**stations, "candidate": Station(station.server, crew)}, Silent())
        after(2.5, psutil.Process(crew.pids[0]).kill)
        with pytest.raises(HaltedError, match=GENERATOR_FAILED):
            conductor.drive_all("comparison", dict.fromkeys(ROLES, LONG))
        with pytest.raises(GeneratorError):
            crew.drive(LONG)
    died, other = conductor.steps
    assert died.ended is not None
    assert "exit code -9" in died.ended
    assert other.ended == INTERRUPTED
    for step in conductor.steps:
        assert step.answered, "what was measured until then is kept"
        assert 1 < step.seconds < 60
    assert Conductor(stations, Silent()).drive("baseline", "load", [constant(20, 0.5)]).due
