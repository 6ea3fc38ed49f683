"""A whole load test loses nothing that it measured, whatever ends it and whenever."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from lading.bundles.bundle import Bundle
from lading.core.settings import Settings
from lading.loadtests.conducting import load_test
from lading.loadtests.conducting.conductor import Board
from lading.loadtests.conducting.load_test import run
from lading.loadtests.conducting.server import subject_of
from lading.loadtests.conducting.task import Task
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.step import INTERRUPTED, Purpose, Role
from lading.loadtests.payloads.pool import draw_requests
from lading.loadtests.plan import Plan
from lading.loadtests.result import LoadTest
from tests.loadtests.answering import Answering
from tests.loadtests.conftest import Ask
from tests.loadtests.serving import RightServer, right_answers
from tests.loadtests.silent import Silent

MODEL = "readings"
PLAN = Plan(rate=50, seconds=1, warm_up=0.5, most_seconds=1)


@pytest.fixture
def right(opened: dict[str, Bundle], ask: Ask) -> Iterator[Answering]:
    """A server that answers what the plan asks."""
    with RightServer(right_answers(draw_requests(opened[MODEL], MODEL, PLAN.traffic), ask)) as server:
        yield Answering(server, subject_of(opened[MODEL], "here", None))


def outcome_of(path: Path, board: Board) -> LoadTest:
    return run(Task(bundle=path, plan=PLAN), Settings(), board, lambda _: None)


class Ending(Silent):
    """Has somebody end the load test when the second step begins."""

    def __init__(self, by: signal.Signals) -> None:
        self._by, self._steps = by, 0

    def begin(self, role: Role, purpose: Purpose, schedule: Sequence[Stretch]) -> None:
        self._steps += 1
        if self._steps == 2:
            os.kill(os.getpid(), self._by)


def test_a_ctrl_c_while_servers_end_takes_nothing_back(
    right: Answering, bundle_paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def server(*_: object) -> Iterator[Answering]:
        yield right
        raise KeyboardInterrupt

    monkeypatch.setattr(load_test, "_server", server)
    found = outcome_of(bundle_paths[MODEL], Silent())
    assert found.complete
    assert [step.answered for step in found.steps if step.purpose == "load"] == [50]
    assert found.verdict == "passed"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_end_between_two_steps_keeps_the_first(
    right: Answering, bundle_paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch, by: signal.Signals
) -> None:
    @contextmanager
    def server(*_: object) -> Iterator[Answering]:
        yield right

    monkeypatch.setattr(load_test, "_server", server)
    before = signal.getsignal(signal.SIGTERM)
    found = outcome_of(bundle_paths[MODEL], Ending(by))
    assert signal.getsignal(signal.SIGTERM) == before
    assert (found.complete, found.verdict) == (False, "none")
    assert [(step.purpose, step.answered, step.ended) for step in found.steps] == [("warm-up", 25, INTERRUPTED)]
