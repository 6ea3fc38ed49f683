"""The load test: servers and load generators as long as they are needed, and what came of it."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypedDict, get_args

from lading.bundles.bundle import Bundle, open_bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.conductor import Board, Conductor, HaltedError, Station
from lading.loadtests.conducting.elsewhere import server_elsewhere
from lading.loadtests.conducting.own import Tell, own_server
from lading.loadtests.conducting.search import LOWEST
from lading.loadtests.conducting.server import Server
from lading.loadtests.conducting.task import Task
from lading.loadtests.conducting.testing import conduct
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.crew import Crew
from lading.loadtests.judging.earlier import as_baseline
from lading.loadtests.judging.judgement import judge, verdict
from lading.loadtests.machine import this_machine
from lading.loadtests.measuring.disturbance import disturbance
from lading.loadtests.measuring.latencies import together
from lading.loadtests.measuring.limit import limit_of
from lading.loadtests.measuring.step import Role, Step, worked
from lading.loadtests.result import Capacity, Judged, LoadTest, Subject, Verdict

PER_PROCESS = 2500.0
"""Requests a second that one process of the load generator is trusted with."""
UNCONFIRMED = (
    "the capacity is not confirmed: each rate that was asked for longer missed the objectives, and the capacity is said"
    " to be just below the last of them; leave the machine alone, or give each step more time with --seconds"
)


def run(task: Task, settings: Settings, board: Board, tell: Tell) -> LoadTest:
    """Do what ``task`` says; what came of it until then, where it was interrupted or a server ended.

    Raises what ``open_bundle``, the servers and ``Crew`` raise, and ``KeyboardInterrupt`` before anything was measured.
    """
    started, begun = datetime.now(UTC), time.monotonic()
    capacity: Capacity | None = None
    with ExitStack() as opened:
        stations = _stations(task, settings, opened, tell)
        conductor = Conductor(stations, board)
        try:
            capacity = conduct(task.plan, conductor, partial(_judged, task), limit_of_step)
            complete = True
        except HaltedError:
            complete = False
        except KeyboardInterrupt:
            if not conductor.steps:
                raise
            conductor.interrupted()
            complete = False
        seconds = time.monotonic() - begun
    servers, machine = {role: station.server for role, station in stations.items()}, this_machine()
    return LoadTest(
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=seconds,
        plan=task.plan,
        candidate=servers["candidate"].subject,
        baseline=_baseline(task, servers),
        machine=machine,
        steps=tuple(conductor.steps),
        earlier=() if task.earlier is None else as_baseline(task.earlier),
        capacity=capacity,
        complete=complete,
        **_said(task, conductor.steps, capacity, complete, machine.processors),
    )


class _Said(TypedDict):
    """What a result says of the steps."""

    judged: tuple[Judged, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def _said(task: Task, steps: Sequence[Step], capacity: Capacity | None, complete: bool, processors: float) -> _Said:
    judged = _judged(task, steps, capacity)
    loads = [step for step in steps if step.purpose in ("load", "comparison")]
    limits = [why for role in get_args(Role) if (why := _limit(role, loads)) is not None]
    comes_to, reasons = verdict(judged, steps, limits)
    if task.plan.shape == "capacity" and complete and capacity is None:
        comes_to, reasons = "failed", (f"not even {LOWEST:g} requests a second met the objectives",)
    disturbed = disturbance(loads, processors)
    warnings = [*(limits if comes_to == "passed" else ()), *(() if disturbed is None else (disturbed,))]
    if capacity is not None and not capacity.confirmed:
        warnings.append(UNCONFIRMED)
    return _Said(judged=judged, verdict=comes_to, reasons=reasons, warnings=tuple(warnings))


def _judged(task: Task, steps: Sequence[Step], capacity: Capacity | None = None) -> tuple[Judged, ...]:
    earlier = () if task.earlier is None else as_baseline(task.earlier)
    return judge(task.plan.objectives, steps, task.plan.confidence, capacity, earlier)


def limit_of_step(step: Step) -> str | None:
    """Why the load generator was the limit of a step; None where it was not."""
    return limit_of(step.generator, step.latencies)


def _limit(role: Role, loads: Sequence[Step]) -> str | None:
    """Why it was the limit of all steps of one server together."""
    own = [step for step in loads if step.role == role]
    if not own:
        return None
    return limit_of(worked([step.generator for step in own]), together(step.latencies for step in own))


def _baseline(task: Task, servers: Mapping[Role, Server]) -> Subject | None:
    if task.earlier is not None:
        return task.earlier.candidate.model_copy(update={"target": f"the report of {task.earlier.started}"})
    return servers["baseline"].subject if "baseline" in servers else None


def _stations(task: Task, settings: Settings, opened: ExitStack, tell: Tell) -> Mapping[Role, Station]:
    """The servers of the task, ready, with those who ask them."""
    wanted: dict[Role, tuple[Path, str | None]] = {"candidate": (task.bundle, task.url)}
    if task.baseline is not None:
        wanted["baseline"] = (task.baseline, task.baseline_url)
    # All of them before a server is started, which takes a while.
    bundles = {role: opened.enter_context(open_bundle(path, limits=settings)) for role, (path, _) in wanted.items()}
    stations: dict[Role, Station] = {}
    for role, (path, url) in wanted.items():
        bundle = bundles[role]
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
    if task.plan.shape == "capacity":
        return os.cpu_count() or 1  # nobody knows how much it will be
    return max(1, min(os.cpu_count() or 1, math.ceil(task.plan.rate / PER_PROCESS)))
