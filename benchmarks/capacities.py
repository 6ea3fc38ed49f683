"""``python -m benchmarks.capacities``: whether the capacity of a model that computes is the one that arithmetic gives.

Its one replica has a processor of its own, which can answer as many requests in a second as fit into it by what each
takes of it. Arithmetic is by the requests at the rate that was found: on a shared machine what a request takes changes.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from lading.bundles.bundle import open_bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.load_test import run
from lading.loadtests.conducting.own import OwnServer, own_server
from lading.loadtests.conducting.task import Task
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.judging.grammar import parse_objective
from lading.loadtests.measuring.step import Purpose, Role
from lading.loadtests.plan import Plan, Traffic
from tests.loadtests.laps import rounds_for, write_laps
from tests.loadtests.replicas import replicas
from tests.loadtests.silent import Silent

SECONDS, FIRST, STEP = 0.02, 20.0, 10.0


def main() -> None:
    """Run by ``python -m``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacities", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        path = write_laps(Path(folder), rounds_for(SECONDS), "1.0.0")
        with open_bundle(path) as bundle, own_server(bundle, path, Settings(), 1, lambda _: None) as server:
            replica = _on_its_own_processor(server)
            for _ in range(runs):
                _search(path, server, replica)


def _search(path: Path, server: OwnServer, replica: psutil.Process) -> None:
    plan = Plan(
        shape="capacity",
        rate=FIRST,
        seconds=STEP,
        traffic=Traffic(invalid=0),
        objectives=(parse_objective("p90=500ms"),),
    )
    task = Task(bundle=path, url=server.endpoint.url, metrics=server.metrics, plan=plan)
    used = _Used(replica)
    result = run(task, Settings(), used, lambda _: None)
    if not result.complete or result.capacity is None:
        raise SystemExit(130)
    used.begin()
    # A search ends with the step that confirms, or does not, the rate that it found.
    arithmetic = result.steps[-1].answered / used.last()
    found, confirmed = result.capacity.rate, "" if result.capacity.confirmed else ", not confirmed"
    print(f"found {found:.1f}/s{confirmed}, arithmetic {arithmetic:.1f}/s, ratio {found / arithmetic:.3f}", flush=True)


class _Used(Silent):
    """The processor seconds of the replica at the beginning of each step."""

    def __init__(self, replica: psutil.Process) -> None:
        self._replica, self._seconds = replica, list[float]()

    def begin(self, *_: Role | Purpose | Sequence[Stretch]) -> None:
        """A step begins."""
        times = self._replica.cpu_times()
        self._seconds.append(times.user + times.system)

    def last(self) -> float:
        """What the last step took."""
        return self._seconds[-1] - self._seconds[-2]


def _on_its_own_processor(server: OwnServer) -> psutil.Process:
    """The server's replica, which has one processor from now on; what asks it has the others."""
    *others, own = sorted(os.sched_getaffinity(0))
    [replica] = replicas(server)
    for thread in replica.threads():
        os.sched_setaffinity(thread.id, {own})
    os.sched_setaffinity(0, others or {own})
    return replica


if __name__ == "__main__":
    main()
