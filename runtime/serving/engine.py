"""The engine: the process that runs Ray Serve for a server, and does what the server orders.

``python -m lading.runtime.serving.engine FOLDER DESCRIPTOR`` reads orders on standard input and writes reports to the
descriptor. It ends when standard input does, and when Ray does.
"""

import logging
import os
import select
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import ray
from ray._private import node, parameter, utils

from lading.runtime.serving.orders import Order, Report
from lading.runtime.serving.wall_clock import WallClock

OBJECT_STORE_BYTES = 80 << 20
"""About the smallest that Ray takes; nothing is put there."""
WATCH_SECONDS = 0.5


class Engine:
    """Ray Serve on a node of its own."""

    def __init__(self, folder: Path, reports: int) -> None:
        self._folder, self._reports = folder, reports
        self._node: node.Node | None = None
        self._version = 0
        self._order: Order | None = None
        """What is being rolled out."""
        self._served: tuple[Order, int] | None = None
        """What answers, and its version."""
        self._clock = WallClock()
        self._loading = threading.Thread(target=_load_rollout, daemon=True)

    def run(self) -> None:
        """Follow orders until there are no more."""
        self._loading.start()
        buffer = b""
        while True:
            readable, _, _ = select.select([sys.stdin.fileno()], [], [], WATCH_SECONDS)
            if readable:
                piece = os.read(sys.stdin.fileno(), 65536)
                if not piece:
                    return
                buffer += piece
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    self._follow(Order.model_validate_json(line))
            self._heed_clock()
            self._look()

    def report(self, kind: str, text: str) -> None:
        """Tell the server."""
        os.write(self._reports, Report.model_validate({"kind": kind, "text": text}).model_dump_json().encode() + b"\n")

    def _follow(self, order: Order) -> None:
        if self._node is None:
            self.report("progress", "starting Ray")
            self._node = _start_node(self._folder, order.replicas)
            threading.Thread(target=self._watch, args=[self._node], daemon=True).start()
            ray.init(address=self._node.address, log_to_driver=False, logging_level=logging.ERROR)
            self.report("progress", "starting Ray Serve")
            self._rollout().start_serve()
        self.report("progress", f"starting {order.replicas} replicas" if order.replicas > 1 else "starting a replica")
        self._version += 1
        self._rollout().roll_out(self._folder, order, str(self._version))
        self._order = order

    def _heed_clock(self) -> None:
        """Have fresh replicas when the clock was set back.

        Ray Serve looks after a replica some seconds after it last did, by the time of day: one that is killed or hangs
        would not be missed until that time has come again.
        """
        back = self._clock.set_back()
        if back and (order := self._order or (self._served and self._served[0])):
            self.report("progress", f"the clock was set back by {back:.0f} s: fresh replicas take over")
            self._follow(order)

    def _rollout(self) -> ModuleType:
        """The module that speaks to Ray Serve; loaded while Ray starts, as it takes most of a second."""
        self._loading.join()
        return _load_rollout()

    def _look(self) -> None:
        """How the rollout goes. When it fails what was served before is ordered again: its replicas still run."""
        if self._order is None or (outcome := self._rollout().outcome()) is None:
            return
        order, self._order = self._order, None
        succeeded, words = outcome
        if succeeded:
            if self._served is not None:
                self.report("outcome", f"fresh replicas answer: {order.replicas}")
            self._served = order, self._version
        elif self._served is None:
            self.report("failed", f"no replica gets ready: {words}")
        else:
            before, version = self._served
            self._rollout().roll_out(self._folder, before, str(version))
            self.report("outcome", f"the replicas stay as they are: {words}")

    def _watch(self, started: node.Node) -> None:
        """End the engine, and say why, when one of Ray's own processes ends; a call to Ray may hang for ever then."""
        while True:
            dead = ", ".join(sorted(str(kind) for kind, _ in cast(Any, started).dead_processes()))
            if dead:
                self.report("failed", f"its {dead} ended")
                os._exit(1)
            time.sleep(WATCH_SECONDS)


def _load_rollout() -> ModuleType:
    return import_module("lading.runtime.serving.rollout")


class _Node(node.Node):
    """A Ray node without Ray's API server, which would only collect usage statistics here."""

    def start_api_server(self, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        self._webui_url = ""


def _start_node(folder: Path, replicas: int) -> node.Node:
    """Ray's node: no dashboard, no autoscaler, no log forwarding, and its agent without its HTTP server."""
    without_http = ImportError("Lading needs no dashboard")
    utils.get_dashboard_dependency_error = lambda: without_http
    start: Any = parameter.RayParams
    return _Node(
        start(
            # Ray starts a worker for each CPU ahead of need: one for Serve's controller, one for each replica.
            num_cpus=replicas + 1,
            include_dashboard=False,
            include_log_monitor=False,
            no_monitor=True,
            object_store_memory=OBJECT_STORE_BYTES,
            # Ray opens its folder to every user of the machine; the one around it stays closed.
            temp_dir=str(folder / "ray"),
            plasma_directory=str(folder),
            # Paths of sockets must be short; those that Ray makes up are not.
            plasma_store_socket_name=str(folder / "ray" / "plasma.sock"),
            raylet_socket_name=str(folder / "ray" / "raylet.sock"),
        ),
        head=True,
        shutdown_at_exit=False,
        spawn_reaper=True,
        ray_init_cluster=True,
    )


def main() -> None:
    """Run the engine; ends the process without waiting for Ray, whose processes the server's warden ends."""
    engine = Engine(Path(sys.argv[1]), int(sys.argv[2]))
    try:
        engine.run()
    except Exception as error:  # the rim of the process: the server says why
        engine.report("failed", f"{type(error).__name__}: {error}")
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
