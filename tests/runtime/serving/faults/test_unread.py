"""Standard error that nobody reads, under load: every request is answered, and what could not be said is counted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from lading.runtime.administration.state_folder import SOCKET
from lading.runtime.serving.line_relay import PIPE_BYTES
from tests.runtime.serving.conftest import END_SECONDS, QUICK, Load, free_port

pytestmark = pytest.mark.faults

SECONDS = 20
RATE = 200.0


def test_an_unread_standard_error_costs_no_request(bundles: Mapping[str, Path], unread: int, base: Path) -> None:
    port, measured = free_port(), free_port()
    command = [
        str(Path(sys.executable).with_name("lading")), "serve", str(bundles["cells"]),
        "--port", str(port), "--replicas", "2", "--json",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "LADING_ACCESS_LOG": "on",
        "LADING_METRICS_PORT": str(measured),
        "LADING_LOG_FORMAT": "json",
        "LADING_STATE_FOLDER": str(base),
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=unread, env=environment) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith(b'{"address"')
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
                for _ in range(2 * PIPE_BYTES // 1000):
                    client.get("/v2/models/" + "x" * 1000)
            before = dropped(measured)
            load = Load(port, QUICK[0], QUICK[1])
            load.start(RATE)
            for _ in range(2 * SECONDS):
                say_something(base)
                time.sleep(0.5)
            answers = load.stop()
            after = dropped(measured)
            server.send_signal(signal.SIGTERM)
            assert server.wait(END_SECONDS) == 0
        finally:
            if server.poll() is None:
                server.kill()
    print(f"{answers.get('200')} requests in {SECONDS} s; lines dropped: {before} before, {after} after")
    assert set(answers) == {"200"}
    assert after["lading_access_log_lines_dropped_total"] >= before["lading_access_log_lines_dropped_total"] + load.sent
    assert after["lading_log_lines_dropped_total"] > before["lading_log_lines_dropped_total"]


def say_something(folder: Path) -> None:
    """Have the server say something: that a change was asked for."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(folder / SOCKET)), base_url="http://localhost") as client:
        assert client.post("/deployments/nobody/rollback").status_code == 404


def dropped(port: int) -> dict[str, float]:
    """How many lines of each log were dropped."""
    lines = httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
    counts = (line.split() for line in lines if "log_lines_dropped_total " in line and not line.startswith("#"))
    return {name: float(value) for name, value in counts}
