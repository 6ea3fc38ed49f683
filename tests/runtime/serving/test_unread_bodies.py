"""Bodies that are answered before their end: who sends on hears the answer, who does not is closed."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.serving import refusing
from lading.runtime.serving.refusing import RefusingProtocol
from tests.runtime.serving.answering import Answering, Fronted, fronted, replies, until_closed

LENGTH = 200_000
PREDICT, NOTHING = b"/models/cells/predict", b"/nothing"
LAST = b"GET /v2/health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SLOW = Settings(body_seconds=1)


@pytest.fixture(scope="module")
def models(bundles: dict[str, Path]) -> Deployments:
    return Deployments.load([bundles["cells"]])


@pytest.fixture(scope="module")
def app(models: Deployments) -> Application:
    return Application(models, Settings())


@pytest.fixture(scope="module")
def edge(app: Application) -> Iterator[Fronted[Application]]:
    with fronted(app, Settings()) as one:
        yield one


@pytest.fixture(scope="module")
def tired(models: Deployments) -> Iterator[Fronted[Application]]:
    """An edge and a replica that soon have waited long enough for more of a body."""
    with fronted(Application(models, SLOW), SLOW) as one:
        yield one


@pytest.fixture
def replica(app: Application) -> Iterator[Answering[Application]]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        one = Answering(app, Path(folder) / "socket", short=True, idle_seconds=60)
        yield one
        one.stop()


def post(path: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path, LENGTH)


def statuses(said: bytes) -> list[int]:
    return [status for status, _, _ in replies(said)]


def test_the_rest_is_thrown_away_and_the_next_request_answered(replica: Answering[Application]) -> None:
    body = b" " * LENGTH
    assert statuses(replica.says(post(NOTHING) + body[:100], body[100:5000], body[5000:] + LAST)) == [404, 200]


@pytest.mark.parametrize("drops", [0, 100], ids=["silent", "drop by drop"])
def test_a_replica_does_not_wait_long_for_what_nobody_reads(
    replica: Answering[Application], drops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusing, "LINGER_SECONDS", 0.5)
    with replica.connect() as connection:
        connection.sendall(post(NOTHING))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(drops):
                connection.sendall(b" ")
                time.sleep(0.05)
        assert statuses(until_closed(connection)) == [404]


def test_a_slow_body_after_an_early_answer_is_still_read(
    replica: Answering[Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time to linger belongs to the request that was answered, not to the one behind it."""
    body, over, cut_off = b" " * LENGTH, threading.Event(), RefusingProtocol._cut_off

    def noted(protocol: RefusingProtocol, cycle: RequestResponseCycle) -> None:
        cut_off(protocol, cycle)
        over.set()

    monkeypatch.setattr(RefusingProtocol, "_cut_off", noted)
    monkeypatch.setattr(refusing, "LINGER_SECONDS", 3)
    with replica.connect() as connection:
        connection.sendall(post(NOTHING) + body[:-1])
        replica._see_to(connection)
        connection.sendall(body[-1:] + post(PREDICT))
        assert over.wait(30)
        connection.sendall(body + LAST)
        assert statuses(until_closed(connection)) == [404, 400, 200]


def test_a_large_body_that_stops_is_told_and_closed_at_once(tired: Fronted[Application]) -> None:
    assert Settings().stall_seconds > 20, "which is what a connection here waits for at most"
    ((status, headers, body),) = replies(tired.says(post(PREDICT) + b" " * 100_000))
    assert (status, headers["connection"]) == (408, "close")
    assert isinstance(body, dict)
    assert body["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize("path", [PREDICT, NOTHING])
def test_a_large_body_that_is_refused_is_told_so(edge: Fronted[Application], path: bytes) -> None:
    said = edge.says(post(path) + b" " * LENGTH + LAST)
    assert statuses(said) == [400 if path == PREDICT else 404, 200]
