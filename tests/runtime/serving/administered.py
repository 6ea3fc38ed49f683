"""Servers that are administered: their state folders, and the versions that these have."""

from pathlib import Path
from typing import Any

import httpx
import psutil

from lading.runtime.administration.client import Client, deployment
from lading.runtime.administration.state_folder import StateFolder
from tests.runtime.administration.times import PATH, REQUEST, times
from tests.runtime.serving.conftest import Serving


class Administered:
    """A server with a state folder, and the digests of the versions that its folder has."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self.state, self.folder, self._options = folder / "state", folder, options
        self._environment = environment
        self.path = times(1, folder)
        self.serving = self._begin()
        self.client = Client(self.state)
        store = StateFolder(self.state)
        self.digests = {factor: store.bring(times(factor, folder))[1].digest for factor in (1, 2, 3)}

    def _begin(self) -> Serving:
        serving = Serving([self.path], "--state", str(self.state), *self._options, **self._environment)
        serving.ready()
        return serving

    def again(self) -> None:
        """Start the server anew on the same state folder."""
        self.serving.close()
        self.serving = self._begin()

    def deploy(self, factor: int, why: str = "") -> Any:
        """Deploy the version ``factor``."""
        return self.client.call("PUT", deployment("times"), {"digest": self.digests[factor], "why": why})

    def asked(self, path: str = PATH) -> httpx.Response:
        """The answer to one request, on a connection of its own."""
        return httpx.post(f"http://127.0.0.1:{self.serving.port}{path}", content=REQUEST)

    def asked_page(self) -> str:
        """The page of the model, as everybody sees it."""
        return httpx.get(f"http://127.0.0.1:{self.serving.port}/page/times").text

    def process(self) -> psutil.Process:
        """The server's own process."""
        return psutil.Process(self.serving.process.pid)

    def replicas(self) -> list[psutil.Process]:
        """The processes that hold the models."""
        return [psutil.Process(pid) for pid in self.serving.pids("ray::ServeReplica")]
