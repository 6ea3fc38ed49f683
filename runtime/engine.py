"""The engine: the process that runs Ray Serve for a server, and does what the server orders.

``python -m lading.runtime.engine FOLDER DESCRIPTOR`` reads orders on standard input and writes reports to the
descriptor. It ends when standard input does, and when Ray does.
"""

import logging
import os
import select
import sys
from pathlib import Path
from typing import Any, cast

import ray
from ray import serve
from ray._private import node, parameter, utils
from ray.serve import RunTarget

from lading.runtime.orders import Order, Report
from lading.runtime.replica import Replica

APPLICATION = "lading"
OBJECT_STORE_BYTES = 80 << 20
"""About the smallest that Ray takes; nothing is put there."""
WATCH_SECONDS = 0.5


class Engine:
    """Ray Serve on a node of its own."""

    def __init__(self, folder: Path, reports: int) -> None:
        self._folder, self._reports = folder, reports
        self._node: node.Node | None = None

    def run(self) -> None:
        """Follow orders until there are no more."""
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
            self._check()

    def report(self, kind: str, text: str) -> None:
        """Tell the server."""
        os.write(self._reports, Report.model_validate({"kind": kind, "text": text}).model_dump_json().encode() + b"\n")

    def _follow(self, order: Order) -> None:
        if self._node is None:
            self.report("progress", "starting Ray")
            self._node = _start_node(self._folder, order.replicas)
            ray.init(address=self._node.address, log_to_driver=False, logging_level=logging.ERROR)
            self.report("progress", "starting Ray Serve")
            serve.start(proxy_location="Disabled")
        self.report("progress", f"starting {order.replicas} replicas" if order.replicas > 1 else "starting a replica")
        _deploy(self._folder, order)

    def _check(self) -> None:
        """That Ray's own processes live; else the server is told which does not, and the engine ends."""
        if self._node is None:
            return
        dead = ", ".join(sorted(str(kind) for kind, _ in cast(Any, self._node).dead_processes()))
        if dead:
            self.report("failed", f"Ray's {dead} ended")
            os._exit(1)


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
            plasma_directory=str(folder),
            temp_dir=str(folder),
        ),
        head=True,
        shutdown_at_exit=False,
        spawn_reaper=True,
        ray_init_cluster=True,
    )


def _deploy(folder: Path, order: Order) -> None:
    """Have Ray Serve replace whatever runs with fresh replicas; it goes on after this returns."""
    settings = dict(order.settings)
    drain_seconds = float(str(settings["drain_seconds"]))
    make: Any = serve.deployment
    deployment = make(
        Replica,
        name=APPLICATION,
        num_replicas=order.replicas,
        user_config=order.desired.model_dump(mode="json"),
        ray_actor_options={"num_cpus": 0},
        max_surge_percent=100,
        health_check_period_s=2,
        health_check_timeout_s=10,
        graceful_shutdown_timeout_s=drain_seconds + 10,
        graceful_shutdown_wait_loop_s=0.1,
    )
    target = RunTarget(target=deployment.bind(str(folder), order.slots, settings), name=APPLICATION, route_prefix=None)
    serve.run_many([target], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)


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
