"""The server: starts the edge and Ray, waits until they answer, watches over them, and stops them."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lading.bundles.storage.atomic import NotWritableError
from lading.bundles.store.place import machine_store
from lading.bundles.store.store import Store
from lading.core.errors import LadingError
from lading.core.settings import Settings
from lading.runtime.deadlines import Deadlines
from lading.runtime.names import check_default
from lading.runtime.serving.credentials import Credentials
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.edge import Edge, EdgeError, haproxy_binary
from lading.runtime.serving.edge_access import EdgeAccess, edge_access
from lading.runtime.serving.edge_limits import edge_limits
from lading.runtime.serving.engine_process import EngineError, EngineProcess
from lading.runtime.serving.errors import StartTimeoutError, replica_error
from lading.runtime.serving.failures import take_failures
from lading.runtime.serving.headcount import Headcount
from lading.runtime.serving.listening import refuse_open_ports
from lading.runtime.serving.log_lines import hear_log_lines
from lading.runtime.serving.losses import Losses
from lading.runtime.serving.memory import default_share
from lading.runtime.serving.orders import Order
from lading.runtime.serving.published import Listeners, open_listeners, target, url
from lading.runtime.serving.quota import default_replicas
from lading.runtime.serving.run_folder import RunFolder
from lading.runtime.serving.slots import slot_count
from lading.runtime.serving.source import BundleSource, Source
from lading.runtime.serving.standing import read_standings
from lading.runtime.serving.switch import Switch
from lading.runtime.serving.voice import Voice
from lading.runtime.serving.warden import session_members

if TYPE_CHECKING:
    from lading.runtime.serving.metrics import Metrics

POLL_SECONDS = 0.05
WATCH_SECONDS = 0.5
EDGE_LIFE_SECONDS = 5.0
"""An edge that lived shorter than this is not started again: it would die again."""
HURRIED = 130
LAST_SECONDS = 3.0
"""How long replicas may take, once nothing is asked any more, for what waits to be written; the request log and the
traces take two at most."""


@dataclass(frozen=True)
class Ready:
    """A server that answers."""

    address: str
    replicas: int
    desired: Desired
    grpc: str | None
    """The address and the port for gRPC."""


class Server:
    """A server of the bundles at ``paths``.

    ``tell`` says how things go, and what goes wrong, its replicas' words too; ``ready`` is called once the server
    answers. ``log`` is the descriptor that takes the lines of the access log, if there is to be one. ``lost`` counts
    the lines that found no room.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        settings: Settings,
        tell: Voice,
        ready: Callable[[Ready], None],
        log: int | None = None,
        lost: Callable[[], int] = int,
    ) -> None:
        self._paths, self._settings, self._tell, self._ready, self._log = paths, settings, tell, ready, log
        self._lost = lost
        self._replicas = default_replicas() if settings.replicas is None else settings.replicas
        self._share = default_share(self._replicas) if settings.replica_bytes is None else settings.replica_bytes
        self._headcount, self._losses = Headcount(self._replicas, tell, tell.warn), Losses()
        self._stop, self._hurry, self._renew = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._look_again = asyncio.Event()

    async def run(self) -> int:
        """Serve until told to stop, by SIGTERM or SIGINT; returns the exit code.

        0: stopped, and every request that was accepted was answered. 130: told twice, or requests did not end in
        time. Raises the error that ended the server, or that kept it from starting.
        """
        haproxy_binary()
        with open_listeners(self._settings) as listeners, _signals(self._heed):
            run = RunFolder(self._settings.run_folder)
            try:
                with self._kept(run, listeners.admin) as source:
                    live = asyncio.create_task(self._live(run, listeners, source))
                    return await live if await _unless(self._hurry, live) else HURRIED
            finally:
                run.close()

    @contextmanager
    def _kept(self, run: RunFolder, admin: socket.socket | None) -> Iterator[Source]:
        """Where what is to be deployed comes from: the bundles alone, or a state folder too, held by this server.

        ``admin`` is where the state is changed besides, if anywhere.
        """
        check = partial(_check, self._settings)
        if self._settings.state_folder is None:
            store = self._store(run)
            with closing(BundleSource(self._paths, self._settings, check, store, self._tell)) as source:
                yield source
            return
        from lading.runtime.administration.state_source import state_source  # loads the administration

        folder = self._settings.state_folder
        with state_source(folder, self._paths, self._settings, check, self._tell, admin) as source:
            yield source

    def _store(self, run: RunFolder) -> Store:
        """The store of the machine; where its usual place cannot be written to, one that ends with the server."""
        try:
            return machine_store(self._settings, self._tell)
        except NotWritableError as error:
            if self._settings.store_folder is not None:
                raise
            self._tell(f"bundles are kept for as long as the server runs: {error}")
            return Store(run.path / "bundles")

    async def _live(self, run: RunFolder, listeners: Listeners, source: Source) -> int:
        access = edge_access(self._settings, run.path)
        edge = Edge(run, listeners, edge_limits(self._settings), slot_count(self._replicas), access, self._log)
        credentials = Credentials(self._settings, access, edge.control)
        await hear_log_lines(run.path, self._tell.say)
        engine = await EngineProcess.start(run)
        await edge.start()
        switch = Switch(run.path, edge, self._settings.switch_seconds)
        metrics = self._metrics(run, edge, access)
        try:
            async with self._measured(edge, metrics), asyncio.TaskGroup() as group:
                follow = credentials.follow(self._tell, self._look_again)
                watchers = [group.create_task(work) for work in (self._hear(engine), self._guard(edge), follow)]
                serve = self._serve(run, edge, engine, switch, source, metrics, listeners.ports)
                await _unless(self._stop, group.create_task(serve))
                for watcher in watchers:
                    watcher.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        code = await self._drain(edge)
        await switch.end(LAST_SECONDS)
        return code

    def _metrics(self, run: RunFolder, edge: Edge, access: EdgeAccess) -> "Metrics | None":
        """The metrics, where somebody can ask for them."""
        if self._settings.metrics_port is None and self._settings.state_folder is None:
            return None
        from lading.runtime.serving.metrics import Metrics  # loads Prometheus' client

        return Metrics(run.path, edge, self._replicas, access.certificate, self._losses, self._lost)

    def _measured(self, edge: Edge, metrics: "Metrics | None") -> AbstractAsyncContextManager[None]:
        """Metrics on a port of their own while it lasts, where the settings ask for them."""
        if self._settings.metrics_port is None or metrics is None:
            return nullcontext()
        from lading.runtime.serving.metrics import serve_metrics

        return serve_metrics(metrics, edge.metrics_socket)

    async def _serve(
        self,
        run: RunFolder,
        edge: Edge,
        engine: EngineProcess,
        switch: Switch,
        source: Source,
        metrics: "Metrics | None",
        ports: Collection[int],
    ) -> None:
        """Start, then do what comes up, for ever."""
        self._tell("checking the bundles")
        switch.begin(await source.read())
        engine.order(self._order())
        await self._until_ready(run, edge)
        if sys.platform == "linux":
            refuse_open_ports([os.getpid(), *session_members(run.sessions)], ports)
        async with source.opened(switch, metrics):
            self._ready(self._announced(switch.current))
            await self._watch(run, edge, engine, switch, source)

    async def _watch(self, run: RunFolder, edge: Edge, engine: EngineProcess, switch: Switch, source: Source) -> None:
        told: set[str] = set()
        while True:
            for failure in take_failures(run.path):
                if failure.message not in told:
                    self._tell.warn(f"a replica did not get ready: {failure.message}")
                    told.add(failure.message)
            if self._renew.is_set():
                self._renew.clear()
                told.clear()
                await self._replace(engine, switch, source)
            self._losses.look(read_standings(run.path).values())
            with suppress(OSError):  # the edge is being started again
                self._headcount.look(await edge.replicas())
            await asyncio.sleep(WATCH_SECONDS)

    def _announced(self, desired: Desired) -> Ready:
        host, port, grpc_port = self._settings.host, self._settings.port, self._settings.grpc_port
        address = url(host, port, secure=self._settings.tls_certificate is not None)
        return Ready(address, self._replicas, desired, None if grpc_port is None else target(host, grpc_port))

    async def _until_ready(self, run: RunFolder, edge: Edge) -> None:
        """Wait until the edge sends requests to every replica; raises what keeps them from it."""
        deadline = asyncio.get_running_loop().time() + self._settings.start_seconds
        while (found := await _answering(edge)) < self._replicas:
            for failure in take_failures(run.path):
                raise replica_error(failure)
            if asyncio.get_running_loop().time() > deadline:
                raise StartTimeoutError(self._settings.start_seconds, found, self._replicas)
            await asyncio.sleep(POLL_SECONDS)

    async def _replace(self, engine: EngineProcess, switch: Switch, source: Source) -> None:
        """Read the bundles again, and have fresh replicas answer with them; what fails is told, and the old go on."""
        self._tell("reading the bundles again")
        self._headcount.begin_change()
        try:
            await source.renew(switch)
        except LadingError as error:
            self._headcount.end_change()
            self._tell.warn(f"the replicas stay as they are: {error}")
        else:
            engine.order(self._order())

    def _order(self) -> Order:
        return Order(
            replicas=self._replicas,
            slots=slot_count(self._replicas),
            settings=self._settings.model_dump(mode="json") | {"replica_bytes": self._share},
        )

    async def _hear(self, engine: EngineProcess) -> None:
        """Tell what the engine reports; raises ``EngineError`` when it ends."""
        while True:
            report = await engine.report()
            if report.kind == "failed":
                raise EngineError(report.text)
            if report.kind == "outcome":
                self._headcount.end_change()
            self._tell(report.text)

    async def _guard(self, edge: Edge) -> None:
        """Start the edge again when it dies; raises ``EdgeError`` when it dies at once."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            code = await edge.wait()
            if loop.time() < started + EDGE_LIFE_SECONDS:
                raise EdgeError(f"it ended with code {code} as soon as it had started")
            self._tell.warn(f"the edge ended with code {code} and is started again")
            self._headcount.begin_change()
            await edge.restart()
            self._headcount.end_change()

    async def _drain(self, edge: Edge) -> int:
        """Answer what was accepted, and let nothing new in."""
        self._tell("stopping: requests that were accepted are answered")
        left = await edge.drain(self._settings.drain_seconds)
        if left:
            self._tell.warn(f"{left} requests did not end within {self._settings.drain_seconds:g} s")
        return HURRIED if left else 0

    def _heed(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP:
            self._renew.set()
            self._look_again.set()
        elif self._stop.is_set():
            self._hurry.set()
        else:
            self._stop.set()


def _check(settings: Settings, names: tuple[str, ...]) -> None:
    """Raise what forbids that these names, and no others, are answered to."""
    Deadlines.read(settings).check(names)
    check_default(settings.default_model, names)


async def _answering(edge: Edge) -> int:
    """How many replicas answer; none while the edge is being started again."""
    try:
        return await edge.replicas()
    except OSError:
        return 0


async def _unless(event: asyncio.Event, task: "asyncio.Task[int] | asyncio.Task[None]") -> bool:
    """Wait for ``task``, and whether it ended; when ``event`` comes first the task is cancelled."""
    happened = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({happened, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return True
        task.cancel()
        await asyncio.wait({task})
        return False
    finally:
        happened.cancel()


@contextmanager
def _signals(heed: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Have the signals that stop and renew a server call ``heed``."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, heed, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
