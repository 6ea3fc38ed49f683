"""A container that runs, as its administrator sees it."""

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from subprocess import PIPE, STDOUT
from typing import Any

import docker
import httpx

PORT = 8080
START_SECONDS = 150
HARDENED: Mapping[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "pids_limit": 512,
}
"""``--read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 512``."""

KILL = """
import os, pathlib, signal, sys
for path in pathlib.Path("/proc").glob("[0-9]*/comm"):
    try:
        name = path.read_text()
    except OSError:  # it ended just now
        continue
    if name.startswith(sys.argv[1][:15]):
        sys.exit(os.kill(int(path.parent.name), signal.SIGKILL))
sys.exit("there is no such process")
"""


class Running:
    """A container of ``image``, started with the ``options`` of ``docker run``."""

    def __init__(
        self, client: docker.DockerClient, image: str, command: Sequence[str] | None = None, **options: Any
    ) -> None:
        self.container = client.containers.run(
            image, None if command is None else list(command), detach=True, **options
        )

    def ready(self) -> None:
        """Wait until it says that it is ready; then the health check that the image brings passes.

        That check runs within the container's own share of the processors, and would slow down what it waits for.
        """
        deadline = time.monotonic() + START_SECONDS
        while "ready at " not in self.said():
            assert time.monotonic() < deadline, self.said()
            assert self.state()["Running"], self.said()
            time.sleep(0.5)
        code, words = self.execute("lading", "health")
        assert code == 0, words + self.said()

    def answers(self) -> None:
        """Wait until its port says that it is ready."""
        deadline, url = time.monotonic() + START_SECONDS, self.url("/v2/health/ready")
        while not _is_ready(url):
            assert time.monotonic() < deadline, self.said()
            assert self.state()["Running"], self.said()
            time.sleep(0.1)

    def state(self) -> Any:
        """What the engine says of it: whether it runs, its exit code, its health."""
        self.container.reload()
        return self.container.attrs["State"]

    @property
    def address(self) -> str:
        """Its address in the engine's network."""
        self.container.reload()
        found = self.container.attrs["NetworkSettings"]["IPAddress"]
        assert found, self.said()
        return str(found)

    def url(self, path: str, scheme: str = "http") -> str:
        """Where ``path`` is, for who is in the engine's network."""
        return f"{scheme}://{self.address}:{PORT}{path}"

    def ask(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a request."""
        return httpx.request("POST" if "content" in options else "GET", self.url(path), timeout=30, **options)

    def execute(self, *command: str, given: bytes = b"") -> tuple[int, str]:
        """``docker exec -i``, with ``given`` on standard input: the exit code, and what was written."""
        called = ["docker", "exec", "--interactive", str(self.container.id), *command]
        done = subprocess.run(called, input=given, stdout=PIPE, stderr=STDOUT, timeout=120, check=False)
        return done.returncode, done.stdout.decode()

    def python(self, program: str) -> Any:
        """What ``program`` prints as JSON when Python runs it inside."""
        code, words = self.execute("python", "-c", program)
        assert code == 0, words
        return json.loads(words)

    def kill(self, name: str) -> None:
        """Have the kernel end a process that is called ``name``, as it ends one for the memory that it takes."""
        code, words = self.execute("python", "-c", KILL, name)
        assert code == 0, words

    def said(self) -> str:
        """What it wrote."""
        return self.container.logs().decode()

    def remove(self) -> None:
        """Have nothing left of it."""
        self.container.remove(force=True, v=True)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
