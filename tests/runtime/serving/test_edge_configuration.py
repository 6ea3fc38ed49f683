"""The edge's configuration: HAProxy takes it, and it says what the limits say."""

import json
import re
import shlex
import socket
import subprocess
from pathlib import Path
from unittest.mock import ANY

import pytest

from lading.core.settings import Settings
from lading.runtime.serving.edge import NoHaproxyError, haproxy_binary
from lading.runtime.serving.edge_configuration import edge_configuration
from lading.runtime.serving.edge_limits import EdgeLimits, edge_limits

LIMITS = EdgeLimits(
    connections=77, body_bytes=12345, per_replica=9, request_seconds=2.5, queue_seconds=0.25, drain_seconds=30
)


def configuration(limits: EdgeLimits = LIMITS, listener: int = 9) -> str:
    return edge_configuration(listener, Path("/run/admin.sock"), [Path(f"/run/slot{n}.sock") for n in range(3)], limits)


def test_haproxy_takes_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        path = tmp_path / "edge.cfg"
        path.write_text(configuration(edge_limits(Settings()), listener.fileno()))
        checked = subprocess.run(
            [haproxy_binary(), "-c", "-f", str(path)],
            pass_fds=[listener.fileno()],
            capture_output=True,
            text=True,
            check=False,
        )
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


@pytest.mark.parametrize(
    "line",
    [
        "bind fd@9 proto h1",
        "maxconn 77",
        "stats socket /run/admin.sock mode 600 level operator",
        "hard-stop-after 30000ms",
        "timeout server 2500ms",
        "timeout queue 250ms",
        "http-request deny deny_status 413 if { req.body_size gt 12345 }",
        "server slot2 unix@/run/slot2.sock",
        "http-request del-header x-request-timeout-seconds",
        "http-request del-header upgrade",
    ],
)
def test_it_says_what_the_limits_say(line: str) -> None:
    assert line in [found.strip() for found in configuration().splitlines()]


def test_each_server_takes_as_many_requests_as_the_limits_say() -> None:
    assert "maxconn 9 " in next(line for line in configuration().splitlines() if "default-server" in line)


def test_every_answer_of_its_own_is_a_json_error() -> None:
    spoken = [line for line in configuration().splitlines() if " string " in line]
    assert len(spoken) > 15
    for line in spoken:
        words = shlex.split(line)
        assert words[words.index("content-type") + 1] == "application/json"
        assert words[words.index("x-content-type-options") + 1] == "nosniff"
        document = json.loads(words[words.index("string") + 1])
        assert document == {"error": ANY, "error_code": ANY, "message": document["error"]}


def test_a_503_says_when_to_come_again() -> None:
    for line in configuration().splitlines():
        if re.search(r"status 503 ", line):
            assert "hdr retry-after 1" in line


def test_without_a_haproxy_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_SERVE_HAPROXY_BINARY_PATH", "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NoHaproxyError, match="brew install haproxy"):
        haproxy_binary()
