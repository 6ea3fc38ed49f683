"""A server of the load test's own: ``lading serve`` on this machine, for as long as it is needed."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import orjson
import psutil

from lading.bundles.bundle import Bundle
from lading.core.offspring import mortal
from lading.core.settings import Settings
from lading.loadtests.conducting.asking import lading_of, wait_until
from lading.loadtests.conducting.errors import ServerStartError
from lading.loadtests.conducting.server import Usage, subject_of
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.result import Subject

Tell = Callable[[str], None]

PLAIN = ("KEYS_FILE", "TLS_CERTIFICATE", "TLS_KEY", "TLS_CLIENT_CA", "STATE_FOLDER", "ADMIN_PORT", "GRPC_PORT")
SILENT = ("REQUEST_LOG", "ACCESS_LOG", "TRACES", "LOG_FORMAT", "RUN_FOLDER", "TRUST", "HOST")
LAST_LINES = 20
"""Of what a server says that are kept, to tell why it ended."""
GRACE_SECONDS = 15.0
"""Beyond the time for its requests that a server has to end."""


class OwnServer:
    """A running ``lading serve`` and all the processes that it started."""

    def __init__(self, process: "subprocess.Popen[str]", endpoint: Endpoint, subject: Subject, metrics: str) -> None:
        self._process, self.endpoint, self.subject, self.metrics = process, endpoint, subject, metrics
        self._root = psutil.Process(process.pid)
        self._seen: dict[int, float] = {}

    @property
    def pid(self) -> int:
        """The id of the process that started the others."""
        return self._process.pid

    def usage(self, memory: bool) -> Usage | None:
        """What all its processes have used; what has ended counts as far as it was seen."""
        held = 0
        for process in self._family():
            with suppress(psutil.Error):
                times = process.cpu_times()
                self._seen[process.pid] = times.user + times.system
                if memory:
                    held += process.memory_full_info().pss
        return Usage(cpu_seconds=sum(self._seen.values()), bytes=held if memory else None)

    def ended(self) -> str | None:
        """With which exit code it ended."""
        code = self._process.poll()
        return None if code is None else f"the server ended with exit code {code}"

    def _family(self) -> Sequence[psutil.Process]:
        with suppress(psutil.Error):
            return [self._root, *self._root.children(recursive=True)]
        return []


@contextmanager
def own_server(bundle: Bundle, path: Path, settings: Settings, replicas: int | None, tell: Tell) -> Iterator[OwnServer]:
    """Serve the bundle at ``path`` as long as the block runs, without keys, TLS and policy, and then end it.

    What the settings say of limits, threads and deadlines holds. Raises ``ServerStartError``.
    """
    manifest = bundle.manifest
    port, metrics_port = _free_ports(2)
    command = [str(Path(sys.executable).with_name("lading")), "serve", str(path), "--port", str(port), "--json"]
    if replicas is not None:
        command += ["--replicas", str(replicas)]
    environment = _environment(os.environ, metrics_port)
    process = subprocess.Popen(  # noqa: S603 - our own command
        mortal(command, signal.SIGTERM),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # a Ctrl-C in the terminal is for the load test, which ends the server itself
    )
    try:
        what = f"the server for {manifest.name} {manifest.version}"
        replicas = _ready(process, what, settings.start_seconds, tell)
        endpoint = Endpoint(url=f"http://127.0.0.1:{port}", deployment=manifest.name)
        subject = subject_of(bundle, "a server of its own", lading_of(endpoint), replicas)
        yield OwnServer(process, endpoint, subject, f"http://127.0.0.1:{metrics_port}/metrics")
    finally:
        _end(process, settings.drain_seconds + GRACE_SECONDS)


def _environment(given: Mapping[str, str], metrics_port: int) -> dict[str, str]:
    unset = {f"LADING_{name}" for name in (*PLAIN, *SILENT)}
    kept = {name: value for name, value in given.items() if name not in unset}
    ours = {
        "LADING_METRICS_HOST": "127.0.0.1",
        "LADING_METRICS_PORT": str(metrics_port),
        "LADING_POLICY": "off",  # the evidence that a policy asks for is what is being made
    }
    return kept | ours


class _Heard:
    """What a starting server says: one line of JSON when it is ready, and until then how things go."""

    def __init__(self, process: "subprocess.Popen[str]", tell: Tell) -> None:
        self.ready: str | None = None
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self._threads = [
            threading.Thread(target=self._answers, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._progress, args=(process.stderr, tell), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait a moment for what an ended server said last."""
        for thread in self._threads:
            thread.join(1)

    def _answers(self, stream: IO[str]) -> None:
        for line in stream:
            self.ready = line if self.ready is None else self.ready

    def _progress(self, stream: IO[str], tell: Tell) -> None:
        for line in stream:
            self.last.append(line.rstrip())
            if self.ready is None:
                tell(line.rstrip())


def _ready(process: "subprocess.Popen[str]", what: str, seconds: float, tell: Tell) -> int:
    """Wait until the server says that it is ready; with how many replicas."""
    heard = _Heard(process, lambda line: tell(f"{what}: {line}"))
    if not wait_until(lambda: heard.ready is not None or process.poll() is not None, seconds):
        raise ServerStartError(what, f"it took more than {seconds:g} s; it said last: {' '.join(heard.last)}")
    if process.poll() is not None:
        heard.wait()
        raise ServerStartError(what, "; ".join(heard.last) or f"it ended with exit code {process.returncode}")
    document = orjson.loads(str(heard.ready))
    return int(document["replicas"])


def _end(process: "subprocess.Popen[str]", patience: float) -> None:
    """Ask the server to end, and have the kernel end what is left of it after ``patience`` seconds, or a Ctrl-C."""
    family: list[psutil.Process] = []
    with suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.send_signal(signal.SIGKILL)
            process.wait()
    for one in psutil.wait_procs(family, timeout=5)[1]:
        with suppress(psutil.Error):
            one.kill()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens at now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
