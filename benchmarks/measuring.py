"""The measuring: one server after the other is started, asked whether it answers right, loaded and stopped."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import Contender, Question
from benchmarks.environments import PeerNotInstalledError
from benchmarks.forms import Message
from benchmarks.processes import Family, started
from benchmarks.subjects import Subject
from benchmarks.terms import GRAPH
from lading.core.errors import LadingError

BARE = "ONNX Runtime alone"
READY_SECONDS = 180
ASK_SECONDS = 30
WARM_SECONDS = 2.0

ERROR = re.compile(r"[\w.]*(Error|Exception)\b")
"""How a line begins that Python wrote of an exception."""

Result = dict[str, Any]


class NotReadyError(LadingError):
    """A server ended, or did not answer in time."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said

    def __str__(self) -> str:
        return f"it did not answer; the last it said was: {self.said}"


class DifferentAnswerError(LadingError):
    """A server answers something else than the session."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        return f"it answered {self.found} where the session gives {self.expected}"


class LoadError(LadingError):
    """A server did not bear the load."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said

    def __str__(self) -> str:
        return f"under load: {self.said}"


@dataclass(frozen=True)
class Plan:
    """How every contender is measured."""

    rows: Sequence[int]
    connections: int
    seconds: float


@dataclass(frozen=True)
class Running:
    """A server that runs, and where."""

    family: Family
    port: int
    log: Path

    def ask(self, question: Question, message: Message) -> httpx.Response:
        """One answer."""
        url = f"http://127.0.0.1:{self.port}{question.path}"
        return httpx.post(url, content=message.body, headers=dict(message.headers), timeout=ASK_SECONDS)

    def last_words(self) -> str:
        """The last error in its log, or else its last line."""
        lines = [line.strip() for line in self.log.read_text(errors="replace").split("\n") if line.strip()]
        errors = [line for line in lines if ERROR.match(line)]
        return ["nothing", *lines[-1:], *errors[-1:]][-1]


def measure(contender: Contender, subject: Subject, plan: Plan) -> Iterator[Result]:
    """What each of a contender's questions came to; where it cannot be measured, why."""
    titles = [question.title for question in contender.questions]
    say(f"{subject.name}: {titles[0]}")
    try:
        with running(contender, subject) as (server, ready):
            for question in contender.questions:
                yield from _measure(server, question, subject, plan, ready)
    except (PeerNotInstalledError, NotReadyError) as error:
        say(f"  {error}")
        for title in titles:
            yield {"server": title, "failed": str(error)}


@contextmanager
def running(contender: Contender, subject: Subject) -> Iterator[tuple[Running, float]]:
    """A server that has answered its first prediction, and the seconds that this took."""
    port, log = free_port(), subject.folder / "server.log"
    environment = contender.environment(subject, port)
    with log.open("w") as output:
        if contender.prepare is not None:
            with started(contender.prepare(subject), environment, output) as family:
                family.process.wait(READY_SECONDS)
        begun = time.monotonic()
        with started(contender.command(subject, port), environment, output) as family:
            server = Running(family, port, log)
            _wait_until_ready(server, contender.questions[0], subject)
            yield server, time.monotonic() - begun


def _wait_until_ready(server: Running, question: Question, subject: Subject) -> None:
    message, last = question.form.ask(subject, 1), ""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.family.process.poll() is None:
        try:
            answer = server.ask(question, message)
            if answer.status_code == 200:
                return
            last = f"{answer.status_code} {answer.text[:300]}"
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise NotReadyError(last if last else server.last_words())


def _measure(server: Running, question: Question, subject: Subject, plan: Plan, ready: float) -> Iterator[Result]:
    try:
        for rows in plan.rows:
            _check(server, question, subject, rows)
        for rows in plan.rows:
            yield _loaded(server, question, subject, rows, plan) | {"ready_s": ready}
    except (DifferentAnswerError, LoadError, httpx.HTTPError) as error:
        say(f"  {question.title}: {error}")
        yield {"server": question.title, "failed": str(error)}


def _check(server: Running, question: Question, subject: Subject, rows: int) -> None:
    """Refuse to measure a server that answers something else than the session."""
    answer = server.ask(question, question.form.ask(subject, rows))
    expected = subject.expected(rows)
    if answer.status_code != 200:
        raise DifferentAnswerError(f"{answer.status_code} {answer.text[:300]}", "probabilities")
    found = np.array(question.form.probabilities(subject, answer))
    if found.shape != expected.shape:
        raise DifferentAnswerError(f"probabilities of shape {found.shape}", f"{expected.shape}")
    for one, other in zip(found, expected, strict=True):
        if not np.allclose(one, other, rtol=1e-5, atol=1e-7):
            raise DifferentAnswerError(str(one), str(other))


def _loaded(server: Running, question: Question, subject: Subject, rows: int, plan: Plan) -> Result:
    path = subject.folder / "request"
    path.write_bytes(on_the_wire(question.path, question.form.ask(subject, rows), server.port))
    load(server.port, plan.connections, min(plan.seconds, WARM_SECONDS), path)
    before = server.family.cpu_seconds()
    seen = load(server.port, plan.connections, plan.seconds, path)
    used = server.family.cpu_seconds() - before
    say(f"  {question.title}, {rows} rows: {seen['requests_per_second']:,.0f} requests/s")
    return {
        "server": question.title,
        "rows": rows,
        **seen,
        "cpu_ms": 1000 * used / seen["requests"],
        "generator_cpu_ms": 1000 * seen["own_cpu_seconds"] / seen["requests"],
        "memory_mib": server.family.memory_mib(),
    }


def on_the_wire(path: str, message: Message, port: int) -> bytes:
    """The bytes of a request."""
    headers = {"host": f"127.0.0.1:{port}", **message.headers, "content-length": str(len(message.body))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + message.body


def load(port: int, connections: int, seconds: float, path: Path) -> Result:
    """What the load generator, in a process of its own, has seen; raises ``LoadError``."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(connections), str(seconds), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise LoadError(done.stderr.strip().splitlines()[-1])
    found: Result = json.loads(done.stdout)
    return found


def measure_bare(subject: Subject, plan: Plan) -> Iterator[Result]:
    """The session by itself."""
    say(f"{subject.name}: {BARE}")
    feeds = {name: _plain(array) for name, array in subject.feeds(max(plan.rows)).items()}
    np.savez(subject.folder / "feeds.npz", **feeds)  # type: ignore[arg-type]  # its stubs take no arrays by name
    begun = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.bare_session", str(subject.folder / "feeds.npz")]
    with (
        (subject.folder / "server.log").open("w") as log,
        started(command, {GRAPH: str(subject.path)}, log, pipes=True) as family,
    ):
        ask, answer = family.process.stdin, family.process.stdout
        assert ask is not None
        assert answer is not None
        answer.readline()
        ready = time.monotonic() - begun
        for rows in plan.rows:
            before = family.cpu_seconds()
            ask.write(f"{rows} {plan.seconds}\n")
            ask.flush()
            seen = json.loads(answer.readline())
            cpu = 1000 * (family.cpu_seconds() - before) / seen["requests"]
            memory = family.memory_mib()
            yield {"server": BARE, "rows": rows, **seen, "cpu_ms": cpu, "memory_mib": memory, "ready_s": ready}


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """An array that can be written to a file without pickle."""
    return array.astype(str) if array.dtype == np.object_ else array


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
