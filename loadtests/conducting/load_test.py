"""The load test: servers and load generators as long as they are needed, and what came of it."""

import math
import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
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
from lading.loadtests.measuring.disturbance import disturbance
from lading.loadtests.measuring.limit import limit_of
from lading.loadtests.measuring.step import Role, Step
from lading.loadtests.result import Capacity, LoadTest

PER_PROCESS = 2500.0
"""Requests a second that one process of the load generator is trusted with."""


def run(task: Task, settings: Settings, board: Board, tell: Tell) -> LoadTest:
    """Do what ``task`` says; what came of it until then, where it was interrupted or a server ended.

    Raises what ``open_bundle``, the servers and ``Crew`` raise.
    """
    started, begun = datetime.now(UTC), time.monotonic()
    capacity: Capacity | None = None
    with ExitStack() as opened:
        stations = _stations(task, settings, opened, tell)
        conductor = Conductor(stations, board)
        try:
            capacity = conduct(task.plan, conductor, limit_of_step)
            complete = True
        except HaltedError:
            complete = False
    return _result(task, stations, conductor, capacity, complete, started, time.monotonic() - begun)


def _result(
    task: Task,
    stations: Mapping[Role, Station],
    conductor: Conductor,
    capacity: Capacity | None,
    complete: bool,
    started: datetime,
    seconds: float,
) -> LoadTest:
    plan, steps = task.plan, tuple(conductor.steps)
    judged = judge(plan.objectives, steps, plan.confidence, capacity)
    loads = [step for step in steps if step.purpose == "load"]
    limits = dict.fromkeys(why for step in loads if (why := limit_of_step(step)) is not None)
    machine = this_machine()
    disturbed = disturbance(loads, machine.processors)
    came_of_it, reasons = verdict(judged, steps, tuple(limits))
    baseline = stations.get("baseline")
    return LoadTest(
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=seconds,
        plan=plan,
        candidate=stations["candidate"].server.subject,
        baseline=None if baseline is None else baseline.server.subject,
        machine=machine,
        steps=steps,
        judged=judged,
        capacity=capacity,
        verdict=came_of_it,
        reasons=reasons,
        warnings=() if disturbed is None else (disturbed,),
        complete=complete,
    )


def limit_of_step(step: Step) -> str | None:
    """Why the load generator was the limit of a step; None where it was not."""
    return limit_of(step.generator, step.latencies)


def _stations(task: Task, settings: Settings, opened: ExitStack, tell: Tell) -> Mapping[Role, Station]:
    """The servers of the task, ready, with those who ask them."""
    wanted: dict[Role, tuple[Path, str | None]] = {"candidate": (task.bundle, task.url)}
    if task.baseline is not None:
        wanted["baseline"] = (task.baseline, task.baseline_url)
    stations: dict[Role, Station] = {}
    for role, (path, url) in wanted.items():
        bundle = opened.enter_context(open_bundle(path, limits=settings))
        server = opened.enter_context(_server(task, bundle, path, url, settings, tell))
        tell(f"drawing requests for {bundle.manifest.deployment}")
        crew = Crew(path, server.endpoint, task.plan.traffic, _processes(task))
        stations[role] = Station(server, opened.enter_context(crew))
    return stations


def _server(
    task: Task, bundle: Bundle, path: Path, url: str | None, settings: Settings, tell: Tell
) -> AbstractContextManager[Server]:
    if url is not None:
        name = bundle.manifest.name if task.name is None else task.name
        endpoint = Endpoint(url=url, deployment=name, key_file=task.key_file, authorities=task.authorities)
        return server_elsewhere(bundle, endpoint, task.metrics)
    if task.image is not None:
        from lading.loadtests.conducting.contained import server_in_container  # needs Docker's library

        return server_in_container(bundle, path, task.image, settings, task.replicas, tell)
    return own_server(bundle, path, settings, task.replicas, tell)


def _processes(task: Task) -> int:
    if task.processes is not None:
        return task.processes
    return max(1, min(os.cpu_count() or 1, math.ceil(task.plan.rate / PER_PROCESS)))
