"""The load test: servers and load generators as long as they are needed, and the result."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lading.bundles.bundle import Bundle, open_bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.conductor import Board, Conductor, HaltedError, Station
from lading.loadtests.conducting.elsewhere import server_elsewhere
from lading.loadtests.conducting.own import Tell, own_server
from lading.loadtests.conducting.server import Server
from lading.loadtests.conducting.task import Task
from lading.loadtests.conducting.testing import conduct
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.crew import Crew
from lading.loadtests.judging.judgement import judge, verdict
from lading.loadtests.machine import this_machine
from lading.loadtests.measuring.limits import limit_of
from lading.loadtests.measuring.step import Role, Step
from lading.loadtests.result import Capacity, Judged, LoadTest

PER_PROCESS = 2500.0
"""Requests a second that one process of the load generator is trusted with."""


def run(task: Task, settings: Settings, board: Board, tell: Tell) -> LoadTest:
    """Do what ``task`` says, and what came of it, also where it was interrupted after something was measured.

    Raises what ``open_bundle`` and the servers raise, and ``KeyboardInterrupt`` before anything was measured.
    """
    plan, begun, started = task.plan, time.monotonic(), datetime.now(UTC)
    capacity: Capacity | None = None
    halted: str | None = None
    with ExitStack() as opened:
        stations = _stations(task, settings, opened, tell)
        conductor = Conductor(stations, board)

        def judged(steps: Sequence[Step]) -> Sequence[Judged]:
            return judge(plan.objectives, steps, plan.confidence)

        try:
            capacity = conduct(plan, conductor, judged, limit_of)
        except HaltedError as why:
            halted = str(why)
        subjects = {role: station.server.subject for role, station in stations.items()}
    outcomes = judge(plan.objectives, conductor.steps, plan.confidence, capacity)
    ...
