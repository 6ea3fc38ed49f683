"""``python -m benchmarks.start``: how long Lading takes to be ready and what it holds idle, beside Ray by itself.

The two are started in turns. Lading is ready when it has answered a prediction, Ray when its empty replicas run. What
else is installed beside them counts: Ray Serve loads pandas, where there is one, into each of its processes.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.contenders import lading
from benchmarks.measuring import running, say
from benchmarks.processes import started
from benchmarks.subjects import Subject, make_subject
from benchmarks.terms import PROCESSES

IDLE_SECONDS = 10.0
"""After which memory is looked at."""

Seen = tuple[float, float]
"""Seconds to ready, and MiB idle."""


def main() -> None:
    """Run by ``python -m``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", type=Path, help="the lading of another environment; this one's by default")
    options = parser.parse_args()
    program = Path(sys.executable).with_name("lading") if options.program is None else options.program
    seen: dict[str, list[Seen]] = {"Ray by itself": [], "Lading": []}
    with tempfile.TemporaryDirectory() as folder:
        subject = make_subject("gbt", Path(folder))
        for _ in range(options.rounds):
            seen["Ray by itself"].append(_ray(program.with_name("python"), subject.folder))
            seen["Lading"].append(_lading(program, subject))
    print_seen(seen)


def _ray(python: Path, folder: Path) -> Seen:
    say("Ray by itself")
    begun = time.monotonic()
    command = [str(python), "-m", "benchmarks.bare_ray", str(PROCESSES)]
    with (
        (folder / "ray.log").open("w") as log,
        started(command, {"RAY_USAGE_STATS_ENABLED": "0"}, log, pipes=True) as family,
    ):
        assert family.process.stdout is not None
        while family.process.stdout.readline() != "ready\n":
            assert family.process.poll() is None, f"Ray ended; see {log.name}"
        ready = time.monotonic() - begun
        time.sleep(IDLE_SECONDS)
        return ready, family.memory_mib()


def _lading(program: Path, subject: Subject) -> Seen:
    say("Lading")
    with running(lading(str(program)), subject) as (server, ready):
        time.sleep(IDLE_SECONDS)
        return ready, server.family.memory_mib()


def print_seen(seen: dict[str, list[Seen]]) -> None:
    """The medians, as a table."""
    print("| | ready s | memory MiB, idle |\n| --- | ---: | ---: |")
    for name, rounds in seen.items():
        ready, memory = (median(values) for values in zip(*rounds, strict=True))
        print(f"| {name} | {ready:.1f} | {memory:,.0f} |")


if __name__ == "__main__":
    main()
