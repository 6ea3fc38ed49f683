"""The load test: servers and load generators as long as they are needed, and what came of it."""

import math
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
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
from lading.loadtests.judging.conclusion import conclude, limit_of_step
from lading.loadtests.judging.earlier import as_baseline
from lading.loadtests.judging.judgement import judge
from lading.loadtests.machine import processors, this_machine
from lading.loadtests.measuring.step import Role, Step
from lading.loadtests.result import Capacity, Judged, LoadTest, Subject

PER_PROCESS = 2500.0
"""Requests a second that one process of the load generator is trusted with."""
USERS_OF_PROCESS = 16
"""At least, where nobody says how many processes: a request waits for a user of its process, though others be idle."""


def run(task: Task, settings: Settings, board: Board, tell: Tell) -> LoadTest:
    """Do what ``task`` says; what came of it until then, where it was interrupted, or one side failed.

    A SIGTERM is taken as a Ctrl-C is. Raises what ``open_bundle``, the servers and ``Crew`` raise, and
    ``KeyboardInterrupt`` before anything was measured.
    """
    found: LoadTest | None = None
    try:
        with _terminable(), ExitStack() as opened:
            started, begun = datetime.now(UTC), time.monotonic()
            stations = _stations(task, settings, opened, tell)
            conductor = Conductor(stations, board)
            capacity, complete = _conducted(task, conductor)
            found = _result(task, conductor, stations, capacity, complete, started, time.monotonic() - begun)
    except KeyboardInterrupt:
        if found is None:
            raise
        # The servers were still ending; nothing of what was measured depends on how.
    return found


@contextmanager
def _terminable() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _conducted(task: Task, conductor: Conductor) -> tuple[Capacity | None, bool]:
    """The capacity, where one was found, and whether the test came to its end."""
    try:
        return conduct(task.plan, conductor, partial(_judged, task), limit_of_step), True
    except HaltedError:
        return None, False
    except KeyboardInterrupt:
        if not conductor.steps:
            raise
        conductor.interrupted()
        return None, False


def _result(
    task: Task,
    conductor: Conductor,
    stations: Mapping[Role, Station],
    capacity: Capacity | None,
    complete: bool,
    started: datetime,
    seconds: float,
) -> LoadTest:
    servers, machine = {role: station.server for role, station in stations.items()}, this_machine()
    steps, earlier = tuple(conductor.steps), () if task.earlier is None else as_baseline(task.earlier)
    found = conclude(task.plan, steps, capacity, complete=complete, processors=machine.processors, earlier=earlier)
    return LoadTest(
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=seconds,
        plan=task.plan,
        candidate=servers["candidate"].subject,
        baseline=_baseline(task, servers),
        machine=machine,
        steps=steps,
        earlier=earlier,
        judged=found.judged,
        capacity=capacity,
        verdict=found.verdict,
        reasons=found.reasons,
        warnings=found.warnings,
        complete=complete,
    )


def _judged(task: Task, steps: Sequence[Step]) -> tuple[Judged, ...]:
    earlier = () if task.earlier is None else as_baseline(task.earlier)
    return judge(task.plan.objectives, steps, task.plan.confidence, earlier=earlier)


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
        return server_elsewhere(bundle, endpoint, task.metrics if url == task.url else None)
    if task.image is not None:
        from lading.loadtests.conducting.contained import server_in_container  # needs Docker's library

        return server_in_container(bundle, path, task.image, settings, task.replicas, tell)
    return own_server(bundle, path, settings, task.replicas, tell)


def _processes(task: Task) -> int:
    if task.processes is not None:
        return task.processes
    most = min(processors(), task.plan.traffic.users // USERS_OF_PROCESS)
    wanted = math.inf if task.plan.shape == "capacity" else math.ceil(task.plan.rate / PER_PROCESS)
    return int(max(1, min(most, wanted)))
