"""A running server: what it answers, what the edge refuses, and what it survives under load."""

import asyncio
import os
import re
import shutil
import signal
import socket
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import orjson
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.serving.listening import listening
from lading.runtime.serving.warden import session_members

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Load, Serving

INFER = {
    "id": "one",
    "inputs": [{"name": "X", "shape": [2, 4], "datatype": "FP32", "data": [1, 2, 3, 4, 5, 6, 7, 8]}],
}
HEAD = b"POST /v2/models/cells/infer HTTP/1.1\r\nhost: a\r\n"
UPGRADE = (
    b"connection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
CONTROLS = (b"\x01", b"\x1f", b"\x7f")
WAIT_SECONDS = 60


def until(true: Callable[[], bool], server: "Serving") -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, (server.said(), server.pids("ray::ServeReplica"))
        time.sleep(0.05)


def exchange(port: int, sent: bytes) -> bytes:
    """All that comes back for these bytes, until the server closes the connection or a JSON object ended."""
    received = b""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(20)
        client.sendall(sent)
        while not received.endswith(b"}") and (piece := client.recv(65536)):
            received += piece
    return received


def parts(reply: bytes) -> tuple[int, dict[str, str], object]:
    head, _, body = reply.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, orjson.loads(body)


async def asked(app: Application, method: str, path: str, body: object) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.request(method, path, json=body)


def timeless(answer: httpx.Response) -> bytes:
    """What was answered, but for what batching was found to gain, which is measured at each load."""
    return re.sub(rb'"batching":{[^}]*}', b'"batching":{}', answer.content)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v2", None),
        ("GET", "/v2/health/ready", None),
        ("GET", "/v2/models/cells", None),
        ("POST", "/v2/models/cells/infer", INFER),
        ("POST", "/models/cells/predict", [{"x0": 1, "x1": 2, "x2": 3, "x3": 4}]),
        ("POST", "/models/cells/predict", [{"x0": "one"}]),
        ("GET", "/models/penguins", None),
        ("GET", "/lineage", None),
        ("GET", "/nothing", None),
        ("DELETE", "/v2", None),
    ],
)
def test_the_edge_passes_on_what_the_application_answers(
    server: "Serving", bundles: Mapping[str, Path], method: str, path: str, body: object
) -> None:
    app = Application(Deployments.load([bundles["penguins"], bundles["cells"]]), Settings())
    expected = asyncio.run(asked(app, method, path, body))
    found = httpx.request(method, f"http://127.0.0.1:{server.port}{path}", json=body)
    assert (found.status_code, timeless(found)) == (expected.status_code, timeless(expected))
    for name in ("content-type", "lading-bundle-digest", "allow"):
        assert found.headers.get(name) == expected.headers.get(name)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(HEAD + b"content-length: 1000001\r\n\r\n", 413, id="a body over the limit, before it is sent"),
        pytest.param(
            HEAD + b"transfer-encoding: chunked\r\n\r\n20000\r\n" + b" " * 0x20000 + b"\r\n0\r\n\r\n",
            411,
            id="a long body without a length",
        ),
        pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", 414, id="a long target"),
        pytest.param(HEAD + b"x: " + b"a" * 17000 + b"\r\n\r\n", 431, id="long headers"),
        pytest.param(HEAD + b"x: a\r\n" * 200 + b"\r\n", 431, id="many headers"),
        *(pytest.param(HEAD + b"x: a" + bad + b"b\r\n\r\n", 400, id=f"{bad!r} in a header") for bad in CONTROLS),
        *(
            pytest.param(method + b" /v2 HTTP/1.1\r\nhost: a\r\n\r\n", 501, id=f"the method {method.decode()}")
            for method in (b"FOO", b"get", b"BREW", b"PROPFIND")
        ),
        pytest.param(b"CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n", 501, id="a tunnel"),
        pytest.param(b"GET v2 HTTP/1.1\r\nhost: a\r\n\r\n", 400, id="a target that only the replica refuses"),
    ],
)
def test_the_edge_refuses_in_json(server: "Serving", sent: bytes, status: int) -> None:
    found, headers, body = parts(exchange(server.port, sent))
    assert found == status
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    assert isinstance(body, dict)
    assert isinstance(body["error"], str)


def test_a_request_that_is_no_request_leaves_no_line_in_the_log(server: "Serving") -> None:
    before = server.said()
    for first in (b"FOO /v2", b"GET v2"):
        exchange(server.port, first + b" HTTP/1.1\r\nhost: a\r\n\r\n")
    found, _, _ = parts(exchange(server.port, b"GET /v2 HTTP/1.1\r\nhost: a\r\n" + UPGRADE + b"\r\n"))
    assert found == 200, "an upgrade is not offered, and what was asked is answered"
    time.sleep(1)  # a line would take a moment
    assert server.said() == before


def test_of_two_ways_to_say_a_length_the_chunks_count_and_nothing_can_follow_them(server: "Serving") -> None:
    body = orjson.dumps(INFER)
    both = HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n"
    sent = both + b"%x\r\n%b\r\n0\r\n\r\nGET /nothing HTTP/1.1\r\nhost: a\r\n\r\n" % (len(body), body)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(20)
        client.sendall(sent)
        received = b""
        with suppress(ConnectionError):
            while piece := client.recv(65536):
                received += piece
    found, headers, answer = parts(received)
    assert (found, headers["connection"]) == (200, "close")
    assert isinstance(answer, dict), "one answer, and no second one"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\nbad\r\n\r\n", id="not HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 200_000 + b"\r\n\r\n", id="endless headers"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(HEAD + b"transfer-encoding: chunked\r\n\r\nnot a length\r\n", id="chunks that are not chunks"),
        pytest.param(HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="compressed chunks"),
        pytest.param(HEAD + b"content-length: 4\r\ncontent-length: 5\r\n\r\nabcd", id="two lengths"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\n", id="headers that do not end in ten seconds"),
    ],
)
def test_what_is_no_request_is_closed_without_a_word(server: "Serving", sent: bytes) -> None:
    with suppress(ConnectionError):  # closed while there was more to read
        assert exchange(server.port, sent) == b""


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("a b", False), ("a" * 65, False), (None, False)])
def test_every_answer_names_its_request(server: "Serving", given: str | None, kept: bool) -> None:
    headers = {} if given is None else {"x-request-id": given}
    found = httpx.get(f"http://127.0.0.1:{server.port}/v2", headers=headers).headers["x-request-id"]
    assert (found == given) is kept
    assert found


def test_nothing_but_the_published_port_can_be_reached_from_outside(server: "Serving") -> None:
    found = listening(session_members(server.sessions()))
    assert {place.port for place in found if not place.local} == {server.port}
    assert len({place.port for place in found}) > 3, "Ray's own ports are seen"


def test_what_the_server_writes_is_its_owners(server: "Serving") -> None:
    assert list((server.folder / "home").iterdir()) == []
    (run,) = server.folder.glob("lading-*")
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    for name in ("token", "edge.sock"):
        assert stat.S_IMODE((run / name).stat().st_mode) == 0o600


def test_a_killed_replica_loses_no_request_and_is_replaced(
    server: "Serving", load: Callable[["Serving"], "Load"]
) -> None:
    before = set(server.pids("ray::ServeReplica"))
    assert len(before) == 2
    steady = load(server)
    until(lambda: steady.sent > 200, server)
    os.kill(min(before), signal.SIGKILL)
    until(lambda: set(server.pids("ray::ServeReplica")) - before != set(), server)
    enough = steady.sent + 800
    until(lambda: steady.sent > enough, server)
    answers = steady.stop()
    assert set(answers) == {"200"}, answers
    server.until_said("a replica ended; a fresh one is starting (1 of 2 answer)")
    server.until_said("2 replicas answer again")


def test_replacing_all_replicas_loses_no_request(server: "Serving", load: Callable[["Serving"], "Load"]) -> None:
    before, ended = set(server.pids("ray::ServeReplica")), server.said().count("a replica ended")
    steady = load(server)
    until(lambda: steady.sent > 200, server)
    server.signal(signal.SIGHUP)
    until(lambda: before.isdisjoint(now := server.pids("ray::ServeReplica")) and len(now) == 2, server)
    enough = steady.sent + 400
    until(lambda: steady.sent > enough, server)
    answers = steady.stop()
    assert set(answers) == {"200"}, answers
    assert server.said().count("a replica ended") == ended, "none is missed where the server replaces them"


def test_a_bundle_that_proves_wrong_does_not_replace_a_good_one(
    server: "Serving", bundles: Mapping[str, Path], lying_bundle: Path, load: Callable[["Serving"], "Load"]
) -> None:
    before = set(server.pids("ray::ServeReplica"))
    shutil.copy(lying_bundle, server.bundles[1])
    steady = load(server)
    server.signal(signal.SIGHUP)
    server.until_said("the replicas stay as they are")
    answers = steady.stop()
    assert set(answers) == {"200"}, answers
    assert "golden row" in server.said()
    assert before <= set(server.pids("ray::ServeReplica"))
    shutil.copy(bundles["cells"], server.bundles[1])


def test_a_replica_that_hangs_is_answered_for_and_replaced(server: "Serving") -> None:
    before = set(server.pids("ray::ServeReplica"))
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    answer = httpx.post(f"http://127.0.0.1:{server.port}/v2/models/cells/infer", json=INFER, timeout=30)
    assert answer.status_code == 504
    assert answer.json()["error_code"] == "DEADLINE_EXCEEDED"
    until(lambda: before.isdisjoint(now := server.pids("ray::ServeReplica")) and len(now) == 2, server)
    until(lambda: httpx.get(f"http://127.0.0.1:{server.port}/v2/health/ready").status_code == 200, server)


def test_a_killed_edge_is_started_again(server: "Serving") -> None:
    ended = server.said().count("a replica ended")
    (edge,) = server.pids("haproxy")
    os.kill(edge, signal.SIGKILL)
    server.until_said("is started again")
    answer = httpx.post(f"http://127.0.0.1:{server.port}/v2/models/cells/infer", json=INFER, timeout=30)
    assert answer.status_code == 200
    (edge,) = server.pids("haproxy")
    until(lambda: os.sched_getscheduler(edge) == os.SCHED_BATCH, server)  # replicas are not to be stopped for it
    time.sleep(2)  # a line would take a moment
    assert server.said().count("a replica ended") == ended, "replicas that the edge has to find anew did not end"
