"""The replica: one process that holds every deployed model and answers on a socket of its own.

Ray Serve places it, watches it and replaces it; requests reach it from the edge, past Ray.
"""

import asyncio
import gc
import logging
import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.serve._private import replica

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deadlines import Deadlines
from lading.runtime.deployments import Deployments
from lading.runtime.pool import THREADS
from lading.runtime.protocols.intake import DECODERS
from lading.runtime.requests.witnesses import witnesses
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.failures import write_failure
from lading.runtime.serving.follower import Follower
from lading.runtime.serving.http_server import EmbeddedServer, http_settings
from lading.runtime.serving.ledger import Ledger
from lading.runtime.serving.log_lines import send_log_lines
from lading.runtime.serving.memory import bound_memory
from lading.runtime.serving.shortcut import ShortcutProtocol
from lading.runtime.serving.slots import NoFreeSlotError, Slot, claim_slot, grpc_path
from lading.runtime.serving.standing import read_shadows
from lading.runtime.watch import Run, Watch

if TYPE_CHECKING:
    from grpc import aio

LOG = logging.getLogger("lading.runtime")

LOOPBACK = "127.0.0.1:0"
EVERYWHERE = "[::]:0"
NOTICE_SECONDS = 1.5
"""How long the edge needs to see that a replica is leaving: two checks, and what they take."""
CLAIM_SECONDS = 10.0
SWITCH_SECONDS = 0.001
"""How long a thread that computes keeps the event loop waiting; Python's own default is 5 ms."""


class UnhealthyError(RuntimeError):
    """The replica's server does not run."""


class Replica:
    """A Ray Serve deployment whose replicas listen on slots."""

    async def __init__(  # type: ignore[misc]  # Ray Serve awaits it
        self, folder: str, slots: int, settings: Mapping[str, Any]
    ) -> None:
        _keep_to_loopback()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._folder = Path(folder)
        self._settings = Settings(**settings)
        self._watch = Watch(_end)
        self._slot = await _claim(self._folder, slots)
        send_log_lines(self._folder, self._settings.log_level, self._slot.path.stem)
        self._ledger = Ledger(self._slot)
        self._follower = Follower(self._folder, self._slot.path, self._load)
        self._calls: aio.Server | None = None
        self._witnesses = witnesses(self._settings, os.environ, self._slot.path.stem)
        self._application = Application(
            await self._first(),
            self._settings,
            tallies=self._ledger.tallies,
            observations=self._ledger.observations,
            witnesses=self._witnesses,
            shadows=partial(read_shadows, self._folder),
        )
        self._settle()
        drain_seconds = max(1, round(self._settings.drain_seconds))
        self._server = EmbeddedServer(http_settings(self._application, ShortcutProtocol, drain_seconds=drain_seconds))
        self._serving = asyncio.create_task(self._serve(self._application, self._server))
        self._following = asyncio.create_task(self._follower.follow(self._switch, self._write_last))

    def check_health(self) -> None:
        """Say whether the server still runs; raises ``UnhealthyError``."""
        if self._serving.done():
            raise UnhealthyError("the replica's server ended")
        if self._following.done():
            raise UnhealthyError("the replica does not follow the plan any more")

    async def __del__(self) -> None:
        """Leave: say so on the readiness path, let the edge look away, answer what is in flight."""
        if not hasattr(self, "_serving"):  # it did not get ready
            return
        self._following.cancel()
        self._follower.leave()
        self._application.draining = True
        await asyncio.sleep(NOTICE_SECONDS)
        self._server.should_exit = True
        ending = [self._serving]
        if self._calls is not None:
            ending.append(asyncio.create_task(self._calls.stop(self._settings.drain_seconds)))
        await asyncio.wait(ending)
        await self._write_last()
        self._ledger.close()
        self._slot.release()

    async def _write_last(self) -> None:
        """Bring what was seen of requests to its end, as far as that goes quickly."""
        await asyncio.gather(*(asyncio.to_thread(witness.close) for witness in self._witnesses))

    async def _first(self) -> Deployments:
        try:
            return await self._follower.first()
        except Exception as error:  # the rim of the process: whatever it is, the server hears of it
            write_failure(self._folder, error)
            raise

    def _load(self, desired: Desired, held: Deployments) -> Deployments:
        return desired.load(self._watch, Deadlines.read(self._settings), held, self._settings)

    def _switch(self, deployments: Deployments) -> None:
        """Answer with ``deployments`` from the next request on; those that are being answered end as they began."""
        self._application.deployments = deployments
        self._settle()

    def _settle(self) -> None:
        """Bound the memory for what is loaded, and keep pauses short: the collector is not to look through it again.

        A look through all of it takes some 50 ms, and long lists of lists are what makes it look.
        """
        if self._settings.replica_bytes is not None:
            bound_memory(self._settings.replica_bytes, THREADS * len(self._application.deployments) + DECODERS)
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    async def _serve(self, application: Application, server: EmbeddedServer) -> None:
        """Serve until told to leave. HTTP says that the replica is ready, so calls of gRPC are taken before."""
        if self._settings.grpc_port is not None:
            from lading.runtime.grpc.calls import serve_calls  # loads gRPC's plugins, for those who ask for it

            self._calls = await serve_calls(application, grpc_path(self._slot.path))
        await server.serve(sockets=[self._slot.listen()])


def _end(run: Run) -> None:
    """End the process, in which an inference goes on that cannot be stopped; Ray Serve starts a fresh one."""
    late = time.monotonic() - run.limit
    LOG.error("an inference did not stop %.1f s after its deadline of %g s; the replica ends", late, run.seconds)
    os._exit(1)


async def _claim(folder: Path, slots: int) -> Slot:
    """A free slot; waits a little for one that a dying replica still holds."""
    deadline = asyncio.get_running_loop().time() + CLAIM_SECONDS
    while True:
        try:
            return claim_slot(folder, slots)
        except NoFreeSlotError as error:
            if asyncio.get_running_loop().time() > deadline:
                write_failure(folder, error)
                raise
            await asyncio.sleep(0.1)


def _keep_to_loopback() -> None:
    """Have Ray Serve open the port on which replicas call each other on the loopback interface alone.

    Serve asks for every interface and offers no setting (decision 0020). The server looks at every socket that
    listens before it calls itself ready, so that another Ray, which asks elsewhere, is noticed.
    """
    serve_replica: Any = replica
    add_port = serve_replica.add_port_to_grpc_server

    def add_loopback_port(server: object, address: str) -> int:
        return int(add_port(server, LOOPBACK if address == EVERYWHERE else address))

    serve_replica.add_port_to_grpc_server = add_loopback_port
