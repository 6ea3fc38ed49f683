"""``python -m benchmarks``: every contender in turn, in rounds; prints the medians."""

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.contenders import BEFORE, FASTAPI, INLINE, LADING, NAMED, RAY, Contender, Question, contenders, request
from benchmarks.model import Subject, make_subject
from benchmarks.processes import Family, started

BARE = "ONNX Runtime alone"
SIZES = (1, 32)
READY_SECONDS = 180
WARM_SECONDS = 2.0

Result = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--before", type=Path, help="measure this one with another lading program, and nothing else")
    parser.add_argument("--json", action="store_true", help="print every round as JSON")
    options = parser.parse_args()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="lading-benchmark-") as folder:
        subject = make_subject(Path(folder))
        for round_ in range(options.rounds):
            for contender in contenders(subject, options.before):
                found = measure(contender, subject, Path(folder), options.connections, options.seconds)
                results += [result | {"round": round_} for result in found]
            results += [result | {"round": round_} for result in measure_bare(subject, Path(folder), options.seconds)]
    if options.json:
        document = {"machine": machine(), "settings": vars(options), "results": results}
        print(json.dumps(document, indent=1, default=str))
    else:
        show(results, options)


def measure(contender: Contender, subject: Subject, folder: Path, connections: int, seconds: float) -> list[Result]:
    """Start a server, check its answers, load it in every way, and stop it."""
    port = free_port()
    title = contender.questions[0].title
    say(f"{title}: starting")
    with (folder / "server.log").open("w+") as log:
        begun = time.monotonic()
        with started(contender.command(port), contender.environment, log) as family:
            wait_until_ready(contender, family, subject, port, folder)
            ready = time.monotonic() - begun
            for question in contender.questions:
                check(question, subject, port)
            results = []
            for question in contender.questions:
                for size in SIZES:
                    path = folder / "request"
                    path.write_bytes(request(question, size, port))
                    load(port, connections, min(seconds, WARM_SECONDS), path)
                    results.append(
                        loaded(family, question, size, port, connections, seconds, path) | {"ready_s": ready}
                    )
    return results


def loaded(
    family: Family, question: Question, size: int, port: int, connections: int, seconds: float, path: Path
) -> Result:
    """One measurement."""
    before = family.cpu_seconds()
    seen = load(port, connections, seconds, path)
    used = family.cpu_seconds() - before
    say(f"{question.title}, {size} rows: {seen['requests_per_second']:,.0f} requests/s")
    return {
        "server": question.title,
        "rows": size,
        **seen,
        "cpu_ms": 1000 * used / seen["requests"],
        "generator_cpu_ms": 1000 * seen["own_cpu_seconds"] / seen["requests"],
        "memory_mib": family.memory_mib(),
    }


def load(port: int, connections: int, seconds: float, path: Path) -> Result:
    """What the load generator, in a process of its own, has seen."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(connections), str(seconds), str(path)]
    found: Result = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def measure_bare(subject: Subject, folder: Path, seconds: float) -> list[Result]:
    """The session by itself."""
    say(f"{BARE}: starting")
    results = []
    with (folder / "server.log").open("w+") as log:
        begun = time.monotonic()
        command = [sys.executable, "-m", "benchmarks.bare_session", str(subject.graph)]
        with started(command, {}, log, pipes=True) as family:
            ask = family.process.stdin
            answer = family.process.stdout
            assert ask is not None
            assert answer is not None
            answer.readline()
            ready = time.monotonic() - begun
            for size in SIZES:
                before = family.cpu_seconds()
                ask.write(f"{size} {seconds}\n")
                ask.flush()
                seen = json.loads(answer.readline())
                used = family.cpu_seconds() - before
                results.append(
                    {"server": BARE, "rows": size, **seen, "cpu_ms": 1000 * used / seen["requests"]}
                    | {"memory_mib": family.memory_mib(), "ready_s": ready}
                )
    return results


def wait_until_ready(contender: Contender, family: Family, subject: Subject, port: int, folder: Path) -> None:
    """Until the first prediction is answered; shows the server's log when it never is."""
    question = contender.questions[0]
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and family.process.poll() is None:
        try:
            if httpx.post(f"http://127.0.0.1:{port}{question.path}", json=question.body(1)).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise SystemExit(f"{question.title} did not get ready:\n{(folder / 'server.log').read_text()[-4000:]}")


def check(question: Question, subject: Subject, port: int) -> None:
    """Refuse to measure a server that answers something else than the session."""
    for size in SIZES:
        answer = httpx.post(f"http://127.0.0.1:{port}{question.path}", json=question.body(size)).raise_for_status()
        found = np.array(question.probabilities(answer.json()))
        if not np.allclose(found, subject.expected[:size], rtol=1e-6, atol=1e-7):
            raise SystemExit(f"{question.title} answers {found}, the session {subject.expected[:size]}")


def show(results: Sequence[Result], options: argparse.Namespace) -> None:
    """A table of medians."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("server")
    columns = ("rows", "requests/s", "p50 ms", "p99 ms", "CPU ms", "above bare", "memory MiB", "ready s")
    for column in columns:
        table.add_column(column, justify="right")
    bare = {size: median(results, BARE, size)["cpu_ms"] for size in SIZES}
    for size in SIZES:
        for server in dict.fromkeys(result["server"] for result in results):
            found = median(results, server, size)
            above = "" if server == BARE else f"{found['cpu_ms'] - bare[size]:.3f}"
            cells = (f"{found['requests_per_second']:,.0f}", f"{found['p50_ms']:.2f}", f"{found['p99_ms']:.2f}")
            rest = (f"{found['cpu_ms']:.3f}", above, f"{found['memory_mib']:,.0f}", f"{found['ready_s']:.1f}")
            table.add_row(server, str(size), *cells, *rest)
    console = Console(highlight=False, width=120)
    console.print(table)
    console.print(f"\n{against_peers(results)}" if options.before is None else f"\n{against_before(results)}")
    used = median(results, LADING, 1)["generator_cpu_ms"]
    console.print(
        f"Medians of {options.rounds} rounds of {options.seconds:g} s, {options.connections} connections, {machine()}. "
        f"Load: benchmarks.load, which used {used:.3f} CPU ms a request beside {LADING}."
    )


def against_peers(results: Sequence[Result]) -> str:
    """What others answer, in words."""
    own = median(results, LADING, 1)["requests_per_second"]
    ratios = (
        f"{own / median(results, server, 1)['requests_per_second']:.1f} x {server}" for server in (RAY, FASTAPI, INLINE)
    )
    return f"At one row {LADING} answers {', '.join(ratios)}."


def against_before(results: Sequence[Result]) -> str:
    """What the program before answered, in words."""
    lines = []
    for server in (LADING, NAMED):
        for size in SIZES:
            now, then = median(results, server, size), median(results, BEFORE + server, size)
            rate = now["requests_per_second"] / then["requests_per_second"]
            used = now["cpu_ms"] / then["cpu_ms"]
            lines.append(f"{server}, {size} rows: {rate:.2f} x the requests of before, {used:.2f} x the CPU of each")
    return "\n".join(lines)


def median(results: Sequence[Result], server: str, size: int) -> dict[str, float]:
    """Of every number, over the rounds."""
    mine = [result for result in results if result["server"] == server and result["rows"] == size]
    return {
        key: statistics.median(result[key] for result in mine)
        for key, value in mine[0].items()
        if isinstance(value, int | float)
    }


def machine() -> str:
    """Where it ran."""
    return f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}, Python {platform.python_version()}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
