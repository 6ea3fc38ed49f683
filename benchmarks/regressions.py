"""``python -m benchmarks.regressions``: whether load tests find a release that is a fifth slower, and claim none that is not.

Three servers are started: of a model that takes a known while, of the same once more, and of one that takes a fifth
longer. Each run is a load test of its own, by the comparisons that ``--regression 10%`` asks for.
"""

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from lading.bundles.bundle import open_bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.load_test import run
from lading.loadtests.conducting.own import OwnServer, own_server
from lading.loadtests.conducting.task import Task
from lading.loadtests.judging.grammar import compared
from lading.loadtests.plan import Plan, Traffic
from lading.loadtests.result import LoadTest
from tests.loadtests.laps import rounds_for, write_laps
from tests.loadtests.silent import Silent

SECONDS, SLOWER, RATE, REGRESSION = 0.01, 1.2, 60.0, 0.1
KINDS = ("the same", "a fifth slower")


def main() -> None:
    """Run by ``python -m``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regressions", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--round-seconds", type=float, default=Plan().round_seconds)
    parser.add_argument("--most-seconds", type=float, default=600.0)
    parser.add_argument("--kind", choices=KINDS, action="append", help="again for both, which is the default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        rounds = rounds_for(SECONDS)
        bundles = {
            "the same": write_laps(Path(folder), rounds, "1.0.1"),
            "a fifth slower": write_laps(Path(folder), round(rounds * SLOWER), "1.1.0"),
            "baseline": write_laps(Path(folder), rounds, "1.0.0"),
        }
        servers = {name: _served(path, opened) for name, path in bundles.items()}
        for name in options.kind or KINDS:
            found: Counter[str] = Counter()
            for number in range(options.runs):
                plan = _plan(number, options.round_seconds, options.most_seconds)
                result = run(_task(bundles, servers, name, plan), Settings(), Silent(), lambda _: None)
                if not result.complete:
                    raise SystemExit(130)
                _say(name, number, result)
                found.update(f"{one.objective} {one.outcome}" for one in result.judged if one.objective.relative)
            print(f"{name}: {', '.join(f'{what}: {count}' for what, count in sorted(found.items()))}")


def _plan(number: int, round_seconds: float, most_seconds: float) -> Plan:
    return Plan(
        rate=RATE,
        seconds=1,
        round_seconds=round_seconds,
        warm_up=1,
        most_seconds=most_seconds,
        traffic=Traffic(seed=number),
        objectives=compared(REGRESSION),
    )


def _task(bundles: dict[str, Path], servers: dict[str, OwnServer], name: str, plan: Plan) -> Task:
    return Task(
        bundle=bundles[name],
        url=servers[name].endpoint.url,
        metrics=servers[name].metrics,
        baseline=bundles["baseline"],
        baseline_url=servers["baseline"].endpoint.url,
        plan=plan,
    )


def _say(name: str, number: int, result: LoadTest) -> None:
    pairs = sum(step.purpose == "comparison" for step in result.steps) // 2
    outcomes = [
        f"{one.objective.measure} {one.outcome} ({one.measured:.3f})"
        for one in result.judged
        if one.objective.relative and one.measured is not None
    ]
    print(f"{name}, run {number + 1}: {result.verdict}, {pairs} pairs, {', '.join(outcomes)}", file=sys.stderr)


def _served(path: Path, opened: ExitStack) -> OwnServer:
    bundle = opened.enter_context(open_bundle(path))
    return opened.enter_context(own_server(bundle, path, Settings(), 1, lambda _: None))


if __name__ == "__main__":
    main()
