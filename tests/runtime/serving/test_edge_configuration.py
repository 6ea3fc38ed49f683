"""The edge's configuration: HAProxy takes it, and it says what the limits say."""

import dataclasses
import json
import re
import shlex
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from urllib.parse import unquote

import pytest

from lading.core.settings import Settings
from lading.runtime.protocols.error_table import meaning
from lading.runtime.serving.edge import NoHaproxyError, haproxy_binary
from lading.runtime.serving.edge_configuration import edge_configuration
from lading.runtime.serving.edge_limits import EdgeLimits, edge_limits
from lading.runtime.serving.edge_metrics import CONNECTIONS
from lading.runtime.serving.edge_statuses import STATUSES, status_reply

LIMITS = edge_limits(
    Settings(
        connections=77,
        body_bytes=12345,
        body_rate=3000,
        body_seconds=5,
        header_bytes=10_000,
        header_fields=50,
        header_seconds=3,
        target_bytes=2000,
        buffer_bytes=65_536,
        idle_seconds=11,
        stall_seconds=12,
        queue_per_replica=9,
        request_seconds=2.5,
        queue_seconds=0.25,
        drain_seconds=20,
    )
)

ADMIN, SLOTS = Path("/run/admin.sock"), [Path(f"/run/slot{n}.sock") for n in range(3)]


def configuration(limits: EdgeLimits = LIMITS, listener: int = 9) -> str:
    return edge_configuration(listener, ADMIN, SLOTS, limits)


def test_haproxy_takes_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        path = tmp_path / "edge.cfg"
        path.write_text(configuration(edge_limits(Settings(deadlines={"slow": 60})), listener.fileno()))
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
        "stats socket /run/admin.sock mode 600 level admin",
        "hard-stop-after 20000ms",
        "tune.bufsize 65536",
        "timeout http-request 3000ms",
        "timeout http-keep-alive 11000ms",
        "timeout client 12000ms",
        "timeout server 2750ms",
        "timeout queue 250ms",
        "http-request deny deny_status 413 if { req.body_size gt 12345 }",
        "http-request wait-for-body time 5000ms at-least 15000",
        "http-request wait-for-body time 5000ms at-least 60000",
        "http-request wait-for-body time 5000ms",
        "use_backend uploads if { req.body_size gt 47344 }",
        "server slot2 unix@/run/slot2.sock",
        "server slot2 unix@/run/slot2.sock track replicas/slot2",
    ],
)
def test_it_says_what_the_limits_say(line: str) -> None:
    assert line in [found.strip() for found in configuration().splitlines()]


@pytest.mark.parametrize(
    "words",
    [
        "longer than 2000 bytes",
        "{ url_len gt 2000 }",
        "longer than 10000 bytes",
        "{ req.hdrs,length gt 10000 }",
        "more than 50 headers",
        "{ req.fhdr_cnt gt 50 }",
        "{ req.body_len gt 47344 }",
    ],
)
def test_a_refusal_names_the_limit_that_it_holds_to(words: str) -> None:
    assert words in configuration()


def test_every_limit_changes_the_configuration() -> None:
    limits = edge_limits(Settings(deadlines={"slow": 60}))
    for field in dataclasses.fields(EdgeLimits):
        value = getattr(limits, field.name)
        more: Any = {"slow": 61.0} if isinstance(value, Mapping) else value + 1
        assert configuration(dataclasses.replace(limits, **{field.name: more})) != configuration(limits), field.name


def test_each_server_takes_as_many_requests_as_the_limits_say() -> None:
    short, long = [line for line in configuration().splitlines() if "default-server" in line]
    assert "maxconn 9 " in short
    assert "maxconn 77 " in long


def test_what_is_not_answered_is_tried_at_every_slot() -> None:
    """Those that are empty look like replicas to HAProxy when it starts."""
    whole = edge_configuration(9, ADMIN, [Path(f"/run/slot{n}.sock") for n in range(10)], LIMITS, grpc=11)
    assert re.findall(r"^ +retries (\d+)$", whole, re.MULTILINE) == ["12"] * 4


def test_every_answer_of_its_own_is_a_json_error() -> None:
    spoken = [line for line in configuration().splitlines() if " content-type " in line]
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


def called() -> str:
    """The sections for gRPC."""
    whole = edge_configuration(9, ADMIN, SLOTS, LIMITS, grpc=11)
    one, two = (f"maxconn {ports * 2 * 77 + CONNECTIONS}" for ports in (1, 2))
    assert whole.startswith(configuration().replace(one, two))
    return whole[len(configuration()) :]


def test_haproxy_takes_that_for_grpc_too(tmp_path: Path) -> None:
    path = tmp_path / "edge.cfg"
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        given = [first.fileno(), second.fileno()]
        path.write_text(edge_configuration(given[0], ADMIN, SLOTS, edge_limits(Settings()), grpc=given[1]))
        checked = subprocess.run(
            [haproxy_binary(), "-c", "-f", str(path)], pass_fds=given, capture_output=True, text=True, check=False
        )
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


@pytest.mark.parametrize(
    "line",
    [
        "bind fd@11 proto h2",
        "maxconn 77",
        "http-request wait-for-body time 5000ms at-least 5",
        "http-request wait-for-body time 5000ms at-least 15000",
        "server slot2 unix@/run/slot2.grpc track replicas/slot2",
        "use_backend uploads-grpc if { req.body,bytes(1,4),be2dec(,4) -m int gt 47344 }",
    ],
)
def test_calls_have_the_limits_of_requests(line: str) -> None:
    assert line in [found.strip() for found in called().splitlines()]


def test_every_answer_to_a_call_is_a_status() -> None:
    spoken = [line.strip() for line in called().splitlines() if " status " in f" {line}" and " hdr " in line]
    assert len(spoken) > 20
    for line in spoken:
        words = shlex.split(line.replace("%%", "%"))
        code, status = int(words[words.index("status") + 1]), int(words[words.index("grpc-status") + 1])
        assert STATUSES[status] == meaning(code).grpc
        assert unquote(words[words.index("grpc-message") + 1])


def test_words_may_hold_whatever_grpc_s_can() -> None:
    line = status_reply(503, "100 % of the replicas' room: é")
    assert shlex.split(line)[-1] == "100 %%25 of the replicas%%27 room: %%C3%%A9"


def test_without_a_haproxy_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_SERVE_HAPROXY_BINARY_PATH", "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NoHaproxyError, match="brew install haproxy"):
        haproxy_binary()


def test_a_replica_is_given_up_at_the_deadline_of_the_model_that_the_path_names() -> None:
    limits = edge_limits(Settings(request_seconds=30, deadlines={"deaf": 2, "slow": 300}))
    lines = [line.strip() for line in configuration(limits).splitlines() if "set-timeout server" in line]
    every = "/models/ /v2/models/ /v1/models/"
    deaf = "/models/deaf/ /models/deaf: /v2/models/deaf/ /v2/models/deaf: /v1/models/deaf/ /v1/models/deaf:"
    rules = [
        f"http-request set-timeout server 30250ms if {{ path_beg {every} }}",
        f"http-request set-timeout server 2250ms if {{ path_beg {deaf} }}",
        f"http-request set-timeout server 300250ms if {{ path_beg {deaf.replace('deaf', 'slow')} }}",
    ]
    assert lines == 2 * rules, "for short bodies and for long ones"
    assert "timeout server 300250ms" in configuration(limits)
    assert "set-timeout" not in configuration()
