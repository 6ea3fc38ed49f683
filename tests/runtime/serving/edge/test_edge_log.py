"""The access log: a line of JSON for each request, whatever it holds, and no request waits for it."""

import os
import re
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.runtime.serving.edge.conftest import EdgeAlone

    Begin = Callable[..., EdgeAlone]

NAMES = [
    "time",
    "id",
    "from",
    "method",
    "path",
    "status",
    "key",
    "certificate",
    "refused",
    "replica",
    "receive_ms",
    "queue_ms",
    "answer_ms",
    "total_ms",
    "bytes_in",
    "bytes_out",
    "ended",
]


@pytest.fixture(scope="module")
def steady(begin_once: "Begin") -> "EdgeAlone":
    """An edge that logs, shared by this module's tests."""
    return begin_once(access_log=True)


@pytest.fixture
def edge(steady: "EdgeAlone") -> "EdgeAlone":
    """The same, fresh."""
    steady.forget()
    return steady


def send(edge: "EdgeAlone", request: bytes) -> None:
    """Send these bytes, and wait for an answer or the end."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=20) as client:
        client.sendall(request)
        client.recv(65536)


def test_a_line_says_who_asked_what_and_how_long_it_took(edge: "EdgeAlone") -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{edge.port}/models/cells/predict?secret=1", content=b"[]", headers={"x-request-id": "one"}
    )
    assert answer.status_code == 200
    (line,) = edge.log(1)
    assert list(line) == NAMES
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    said = ("id", "from", "method", "path", "status", "key", "refused", "replica", "ended")
    assert [line[name] for name in said] == [
        "one",
        "127.0.0.1",
        "POST",
        "/models/cells/predict",
        200,
        "-",
        "-",
        "slot0",
        "--",
    ]
    assert 0 <= line["answer_ms"] <= line["total_ms"]
    assert line["bytes_in"] > len(b"[]")


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        pytest.param(b'/a"b\\c', '/a"b\\c', id="quotes"),
        pytest.param(b"/%0a%22", "/%0a%22", id="escapes"),
        pytest.param(b"/" + b"a" * 5000, "/" + "a" * 1023, id="a long path is cut"),
        pytest.param(b'/"' * 2000, '/"' * 512, id="a long path of quotes"),
        pytest.param(b"/" + b"a" * 9000, "/" + "a" * 1023, id="a path that is refused"),
        pytest.param(b"http://a/path?query", "/path", id="a whole address"),
    ],
)
def test_a_line_is_json_whatever_the_path_is(edge: "EdgeAlone", target: bytes, shown: str) -> None:
    send(edge, b"GET " + target + b" HTTP/1.1\r\nhost: a\r\n\r\n")
    (line,) = edge.log(1)
    assert line["path"] == shown


@pytest.mark.parametrize(
    "request_line",
    [
        pytest.param(b"GE\x01T / HTTP/1.1", id="a method that is none"),
        pytest.param(b"GET /\xff\x00 HTTP/1.1", id="bytes that are no path"),
        pytest.param(b'"}{ / HTTP/1.1', id="JSON for a method"),
        pytest.param(b'BREW / HTTP/1.1\r\nx-request-id: "}', id="an id that is none"),
    ],
)
def test_what_is_no_request_leaves_a_line_of_json_too(edge: "EdgeAlone", request_line: bytes) -> None:
    send(edge, request_line + b"\r\nhost: a\r\n\r\n")
    (line,) = edge.log(1)
    assert line["status"] in {400, 501}


def test_a_connection_without_a_request_leaves_no_line(edge: "EdgeAlone") -> None:
    socket.create_connection(("127.0.0.1", edge.port)).close()
    httpx.get(f"http://127.0.0.1:{edge.port}/v2")
    (line,) = edge.log(1)
    assert line["path"] == "/v2"


def test_without_the_setting_there_is_no_log(begin: "Begin") -> None:
    edge = begin()
    assert httpx.get(f"http://127.0.0.1:{edge.port}/v2").status_code == 200
    edge.relay.write("last")
    edge.until(lambda: edge.logged() != "")
    assert edge.logged() == "last\n"


def test_requests_do_not_wait_for_a_log_that_nobody_reads_and_lost_lines_are_counted(begin: "Begin") -> None:
    read, write = os.pipe()
    edge = begin(access_log=True, log=write)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{edge.port}") as client:
            path = "/" + "a" * 1000
            assert {client.get(path).status_code for _ in range(1500)} == {200}
        assert "DroppedLogs: 0" not in edge.do(edge.edge.control.ask("show info"))
    finally:
        os.close(read)
        edge.close()  # which writes to the other end until then
        os.close(write)
