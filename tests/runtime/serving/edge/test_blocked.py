"""A server whose standard error nobody reads: it answers, counts what it could not say, and ends when it is told to."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from lading.runtime.serving.line_relay import PIPE_BYTES
from tests.runtime.serving.conftest import END_SECONDS, free_port

LADING = Path(sys.executable).with_name("lading")


@pytest.mark.slow
def test_requests_are_answered_and_lost_lines_are_counted(bundles: Mapping[str, Path], unread: int) -> None:
    port, measured = free_port(), free_port()
    command = [str(LADING), "serve", str(bundles["cells"]), "--port", str(port), "--replicas", "1", "--json"]
    environment = {**os.environ, "LADING_ACCESS_LOG": "on", "LADING_METRICS_PORT": str(measured)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=unread, env=environment) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith(b'{"address"')
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
                path = "/v2/models/" + "x" * 1000
                answers = [client.get(path).status_code for _ in range(2 * PIPE_BYTES // 1000)]
            assert set(answers) == {404}
            (line,) = [
                line
                for line in httpx.get(f"http://127.0.0.1:{measured}/metrics").text.splitlines()
                if line.startswith("lading_access_log_lines_dropped_total ")
            ]
            assert 0 < float(line.split()[1]) < len(answers)
            server.send_signal(signal.SIGTERM)
            assert server.wait(END_SECONDS) == 0
        finally:
            if server.poll() is None:
                server.kill()
