"""The shortcut: whatever is sent, the bytes that come back are those of uvicorn's long way."""

import contextlib
import math
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from starlette.types import Receive, Scope, Send

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.batching import Batching
from lading.runtime.deployments import Deployments
from lading.runtime.errors import DeadlineError, UncomputableError
from lading.runtime.model import Feeds, Model
from lading.runtime.serving import shortcut
from lading.runtime.serving.shortcut import HOLD_SECONDS
from lading.runtime.watch import Run
from tests.runtime.serving.answering import Answering, until_answered, until_closed

LIMIT = 100_000
WAIT_SECONDS = 30
ROW = b'{"x0": 1, "x1": 1, "x2": 1, "x3": 2}'
TENSOR = b'{"id": "7", "inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}'
LAST = b"GET /v2/health/ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"


class Counted(Application):
    """Counts the requests that go the long way."""

    long = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.long += 1
        await super().__call__(scope, receive, send)


@contextlib.contextmanager
def answering(deployments: Deployments, short: bool = True, idle_seconds: int = 60) -> Iterator[Answering[Counted]]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        app = Counted(deployments, Settings(body_bytes=LIMIT))
        one = Answering(app, Path(folder) / "socket", short, idle_seconds)
        try:
            yield one
        finally:
            one.stop()


@pytest.fixture(scope="module")
def models(bundles: dict[str, Path]) -> Deployments:
    return quick(Deployments.load([bundles[name] for name in ("cells", "roots")]))


def quick(models: Deployments) -> Deployments:
    """The models as quick as they are: on a busy machine they may have seemed slow, and go the long way."""
    for model in models:
        model.seconds_per_call = model.seconds_per_row = 0.0
    return models


@pytest.fixture(scope="module")
def ways(models: Deployments) -> Iterator[tuple[Answering[Counted], Answering[Counted]]]:
    """The short way, and the long one."""
    with answering(models) as short, answering(models, short=False) as long:
        yield short, long


@pytest.fixture(scope="module")
def batched(bundles: dict[str, Path]) -> Deployments:
    """The same models, whose requests of one turn are answered together."""
    found = quick(Deployments.load([bundles[name] for name in ("cells", "roots")]))
    for model in found:
        model.batching = Batching(used=True, reason="")
    return found


@pytest.fixture(scope="module")
def turns(batched: Deployments) -> Iterator[Answering[Counted]]:
    """The short way with them."""
    with answering(batched) as one:
        yield one


def post(body: bytes = ROW, *headers: bytes, path: bytes = b"/models/cells/predict", start: bytes = b"POST") -> bytes:
    length = [] if any(b"ength" in header or b"chunked" in header for header in headers) else [b"Content-Length: %d"]
    lines = [b"%b %b HTTP/1.1" % (start, path), b"Host: a", *headers]
    return b"\r\n".join([*lines, *(line % len(body) for line in length), b"", body])


GOOD = post()
BAD = post(b'{"x0": 1}')
CHUNKED = b"Transfer-Encoding: chunked"
INFER = b"/v2/models/cells/infer"
ROOTS = b"/models/roots/predict"


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


@pytest.mark.parametrize(
    ("pieces", "short"),
    [
        pytest.param([GOOD], 1, id="one row"),
        pytest.param([post(b"[" + ROW + b"," + ROW + b"]")], 1, id="rows"),
        pytest.param([post(b"[]")], 1, id="no rows"),
        pytest.param([post(TENSOR, path=INFER)], 1, id="a tensor"),
        pytest.param([post(TENSOR, path=b"/v2/models/cells/versions/1.0.0/infer")], 1, id="a version"),
        pytest.param([post(b'{"x": -1.0}', path=ROOTS)], 1, id="NaN is null"),
        pytest.param([GOOD.replace(b"Host", b"hOST")], 1, id="names in any case"),
        pytest.param([post(ROW, b"Accept:  */* ")], 1, id="blanks around a value"),
        pytest.param([post(ROW, b"X-Other: 1", b"X-Other: 2")], 1, id="another header twice"),
        pytest.param([post(ROW, b"Connection: keep-alive")], 0, id="a connection that stays"),
        pytest.param([post(ROW, b"Accept: a", b"Accept: b")], 0, id="a header twice"),
        pytest.param([post(ROW, b"X-Other: a\tb")], 0, id="a tab in a value"),
        pytest.param([post(ROW, b"X-Other: a\x01b")], 0, id="a control character in a value"),
        pytest.param([post(ROW, b"X-Other: a\nb: c")], 0, id="a line that ends with a line feed alone"),
        pytest.param([post(ROW, b"X-Other: a", b" b")], 0, id="a folded header"),
        pytest.param([post(ROW, b"Transfer-Encoding : chunked")], 0, id="a blank behind a name"),
        pytest.param([post(ROW, b"X-Other:1")], 0, id="no blank before a value"),
        pytest.param([post(ROW, b"X-Other")], 0, id="a header with no value"),
        pytest.param([post(ROW, b"Content-Length: 036")], 0, id="a length with a zero before it"),
        pytest.param([post(ROW, b"Content-Length: 35")], 0, id="a body that is longer than it says"),
        pytest.param([post(ROW, b"Content-Length: +36")], 0, id="a length with a sign"),
        pytest.param([post(ROW, b"Content-Encoding: identity")], 1, id="encoded as it is"),
        pytest.param([post(chunks(ROW), CHUNKED)], 0, id="in one chunk"),
        pytest.param(
            [post(chunks(ROW)[:-2] + b"Content-Encoding: gzip\r\n\r\n", CHUNKED)], 0, id="a trailer is no header"
        ),
        pytest.param([GOOD, GOOD, GOOD], 3, id="one after the other"),
        pytest.param([GOOD + GOOD + GOOD], 0, id="all at once"),
        pytest.param([post(chunks(ROW[:9], ROW[9:30], ROW[30:]), CHUNKED)], 0, id="in chunks"),
        pytest.param(
            [post(chunks(ROW[:9], ROW[9:])[:-2] + b"Content-Encoding: gzip\r\n\r\n", CHUNKED)],
            0,
            id="a trailer is no header on the long way",
        ),
        pytest.param([BAD], 0, id="a field is missing"),
        pytest.param([post(b"{")], 0, id="not JSON"),
        pytest.param([post(b"")], 0, id="empty"),
        pytest.param([post(b'{"x": 0}', path=ROOTS)], 0, id="an infinite answer"),
        pytest.param([post(b"{}", path=INFER)], 0, id="no tensors"),
        pytest.param([post(ROW, path=b"/models/cells/predict?a=1")], 0, id="a query"),
        pytest.param([post(ROW, path=b"/models/cells/predict/")], 0, id="a slash at the end"),
        pytest.param([post(ROW, path=b"/models/%63ells/predict")], 0, id="an encoded path"),
        pytest.param([post(ROW, path=b"http://a/models/cells/predict")], 0, id="an absolute target"),
        pytest.param([post(ROW, path=b"/models/dogs/predict")], 0, id="an unknown model"),
        *(pytest.param([post(start=verb)], 0, id=verb.decode()) for verb in (b"GET", b"HEAD", b"OPTIONS", b"PUT")),
        pytest.param([GOOD.replace(b"HTTP/1.1", b"HTTP/1.0")], 0, id="HTTP/1.0"),
        pytest.param(
            [post(ROW, b"Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")], 0, id="HTTP/1.0 that stays"
        ),
        pytest.param([post(ROW, b"Connection: close")], 0, id="a connection that closes"),
        pytest.param([post(ROW, b"Connection: close") + GOOD], 0, id="a request after the last"),
        pytest.param([post(ROW, b"Expect: 100-continue")], 0, id="waits for 100"),
        pytest.param([post(ROW, b"Content-Encoding: gzip")], 0, id="compressed"),
        pytest.param([post(ROW, b"Inference-Header-Content-Length: 9")], 0, id="binary tensors"),
        pytest.param([post(ROW + b" " * 70_000)], 0, id="large"),
        pytest.param([post(ROW + b" " * LIMIT)], 0, id="too large"),
        pytest.param([post(chunks(ROW, b" " * LIMIT), CHUNKED)], 0, id="too large, in chunks"),
        pytest.param([GOOD[:-9], GOOD[-9:]], 1, id="a body in pieces"),
        pytest.param([GOOD[:-9], GOOD[-9:-5], GOOD[-5:-1], GOOD[-1:]], 1, id="a body in many pieces"),
        pytest.param([GOOD[: -len(ROW)], ROW], 1, id="a body behind its head"),
        pytest.param([GOOD[:-9], GOOD[-9:] + GOOD], 0, id="the end of a body with more behind it"),
        pytest.param([BAD[:-3], BAD[-3:], GOOD], 1, id="a wrong body in pieces"),
        pytest.param([post(ROW + b" " * 60_000)[:-9], b" " * 9], 1, id="all that an edge can hold, in pieces"),
        pytest.param([post(ROW + b" " * 70_000)[:-9], b" " * 9], 0, id="large, in pieces"),
        pytest.param([GOOD[:40], GOOD[40:]], 0, id="headers in pieces"),
        pytest.param([GOOD + GOOD[:-9], GOOD[-9:]], 0, id="the next one in pieces"),
        pytest.param([GOOD + BAD + GOOD], 0, id="behind one on the long way"),
        pytest.param([BAD, GOOD], 1, id="after one on the long way"),
        pytest.param([b"GARBAGE\r\n\r\n"], 0, id="not HTTP"),
        pytest.param([GOOD, b"GARBAGE\r\n\r\n"], 1, id="not HTTP any more"),
        pytest.param([post(b"zz\r\n", CHUNKED)], 0, id="not chunks"),
        pytest.param([post(ROW, b"Content-Length: 5", b"Content-Length: 6")], 0, id="two lengths"),
        pytest.param([post(chunks(ROW), CHUNKED, b"Content-Length: 9")], 0, id="chunks and a length"),
    ],
)
def test_all_ways_say_the_same(
    ways: tuple[Answering[Counted], Answering[Counted]],
    turns: Answering[Counted],
    pieces: list[bytes],
    short: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shortcut, "HOLD_SECONDS", 60)
    say_the_same((*ways, turns), pieces, short)


def say_the_same(all_ways: Sequence[Answering[Counted]], pieces: list[bytes], short: int) -> None:
    """Whether all ways, of which the second is the long one, say the same, and ``short`` answers are not its own."""
    joined, apart = [*pieces[:-1], pieces[-1] + LAST], [*pieces, LAST]
    assert len({one.says(*joined) for one in all_ways} | {b""}) == 2
    before = [one.app.long for one in all_ways]
    assert len({one.says(*apart) for one in all_ways} | {b""}) == 2
    quick, slow, turn = (one.app.long - count for one, count in zip(all_ways, before, strict=True))
    assert slow - quick == slow - turn == short


def test_an_upgrade_goes_the_long_way_and_is_the_last_of_its_connection(
    models: Deployments, batched: Deployments
) -> None:
    upgrade = post(ROW, b"Connection: upgrade", b"Upgrade: websocket")
    with contextlib.ExitStack() as stack:
        begun = [answering(models, idle_seconds=1), answering(models, short=False, idle_seconds=1)]
        begun.append(answering(batched, idle_seconds=1))
        say_the_same([stack.enter_context(one) for one in begun], [upgrade], 0)


def test_new_models_answer_on_the_short_way_at_once(models: Deployments, bundles: dict[str, Path]) -> None:
    with answering(models) as one:
        one.app.deployments = quick(Deployments.load([bundles["roots"]]))
        assert one.says(GOOD, LAST).startswith(b"HTTP/1.1 404 ")
        assert one.says(post(b'{"x": 4}', path=ROOTS), LAST).startswith(b"HTTP/1.1 200 ")


def test_what_takes_long_goes_the_long_way(bundles: dict[str, Path]) -> None:
    models = quick(Deployments.load([bundles["cells"]]))
    models.get("cells").seconds_per_row = 0.0003
    with answering(models) as one:
        for rows, long in ((1, 0), (3, 0), (4, 1), (3, 0), (4, 1), (1, 0)):
            before = one.app.long
            said = one.says(post(b"[" + b",".join([ROW] * rows) + b"]"), LAST)
            assert said.count(b"HTTP/1.1 200 ") == 2
            assert one.app.long - before == long + 1


class Busy:
    """Has a server that is asked ``WAIT`` first be busy while others ask it, and keeps how many rows it ran at a time."""

    WAIT = 77

    def __init__(self, model: Model) -> None:
        self.rows: list[int] = []
        self.begun, self.enough = threading.Event(), threading.Event()
        """Whether it is busy, and whether it has been for long enough."""
        self._model, self._run = model, model.run

    def run(self, feeds: Feeds, run: Run | None = None) -> Feeds:
        """The model's outputs, and none for a row of negative numbers."""
        self.rows.append(len(feeds["X"]))
        if (feeds["X"] == self.WAIT).any():
            self.begun.set()
            assert self.enough.wait(WAIT_SECONDS)
        if np.less(feeds["X"], 0).any():
            raise UncomputableError("negative")
        return self._run(feeds, run)

    def asked(self, one: Answering[Counted], requests: list[bytes]) -> list[bytes]:
        """What the server says to each of the requests, which come while it is busy."""
        with contextlib.ExitStack() as stack:
            first, *others = (stack.enter_context(one.connect()) for _ in range(1 + len(requests)))
            for connection in (first, *others):
                connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nhost: a\r\n\r\n")
                until_answered(connection)  # the server knows of it
            first.sendall(row(self.WAIT))
            assert self.begun.wait(WAIT_SECONDS)
            for connection, request in zip(others, requests, strict=True):
                connection.sendall(request)
            self.enough.set()
            said = [until_answered(connection) for connection in others]
            for connection in others:
                connection.sendall(LAST)
            return [one + until_closed(connection) for one, connection in zip(said, others, strict=True)]


def row(number: float) -> bytes:
    return post(ROW.replace(b"2}", b"%g}" % number))


@pytest.fixture
def busy(batched: Deployments, monkeypatch: pytest.MonkeyPatch) -> Busy:
    model = batched.get("cells")
    found = Busy(model)
    monkeypatch.setattr(model, "run", found.run)
    return found


def test_what_comes_in_one_turn_is_answered_in_one_run_as_it_is_one_by_one(
    ways: tuple[Answering[Counted], Answering[Counted]], turns: Answering[Counted], busy: Busy
) -> None:
    requests = [row(number) for number in range(8)]
    assert busy.asked(turns, requests) == [ways[1].says(request, LAST) for request in requests]
    assert busy.rows == [1, 8]


def test_one_that_cannot_be_computed_does_no_harm_to_others_of_its_turn(turns: Answering[Counted], busy: Busy) -> None:
    said = busy.asked(turns, [row(1), row(-1), BAD, row(3)])
    assert [answer[9:12] for answer in said] == [b"200", b"400", b"400", b"200"]
    assert busy.rows == [1, 3, 1, 1, 1, 1], "together, each by itself, and the wrong one where errors are told"


def test_a_run_that_had_to_be_stopped_is_not_made_again_in_the_event_loop(
    turns: Answering[Counted], busy: Busy, batched: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = batched.get("cells")
    monkeypatch.setattr(model, "seconds_per_call", model.seconds_per_call)  # and is what it was when the test is over

    def stopped(feeds: Feeds, run: Run | None = None) -> Feeds:
        if len(feeds["X"]) == 5:
            model.seconds_per_call = math.inf
            raise DeadlineError(1)
        return busy.run(feeds, run)

    monkeypatch.setattr(model, "run", stopped)
    before = turns.app.long
    said = busy.asked(turns, [row(number) for number in range(5)])
    assert {answer[9:12] for answer in said} == {b"200"}
    assert turns.app.long - before == 5 + 5 + 6, "the requests, those that end connections, and those before"


def test_a_run_has_so_many_rows_at_most(turns: Answering[Counted], busy: Busy) -> None:
    said = busy.asked(turns, [post(b"[" + b",".join([ROW] * 10) + b"]")] * 7)
    assert {answer[9:12] for answer in said} == {b"200"}
    assert busy.rows == [1, 30, 30, 10]


def test_who_has_a_deadline_does_not_wait_for_others(turns: Answering[Counted], busy: Busy) -> None:
    patient = post(ROW, b"lading-timeout-ms: 9000")
    said = busy.asked(turns, [row(1), patient, row(2)])
    assert {answer[9:12] for answer in said} == {b"200"}
    assert busy.rows == [1, 1, 2]


def test_who_is_gone_when_its_turn_ends_is_not_missed(turns: Answering[Counted], busy: Busy) -> None:
    with turns.connect() as first, turns.connect() as gone, turns.connect() as other:
        first.sendall(row(busy.WAIT))
        assert busy.begun.wait(WAIT_SECONDS)
        gone.sendall(row(1))
        gone.close()
        other.sendall(row(2) + LAST)
        busy.enough.set()
        assert until_closed(other).count(b"HTTP/1.1 200 ") == 2


def test_a_body_that_does_not_come_to_its_end_is_waited_for_the_long_way(
    ways: tuple[Answering[Counted], Answering[Counted]],
) -> None:
    quick, _ = ways
    with quick.connect() as connection:
        before = quick.app.long
        connection.sendall(GOOD[:-20])
        sent = 0
        while quick.app.long == before:  # more comes all the time, the whole never
            time.sleep(HOLD_SECONDS / 4)
            sent += connection.send(GOOD[-20 + sent :][:1])
            assert sent < 20
        connection.sendall(GOOD[-20 + sent :] + LAST)
        assert until_closed(connection).count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize("way", ["short", "long", "turns"])
def test_what_was_begun_is_answered_when_the_server_stops(models: Deployments, batched: Deployments, way: str) -> None:
    with (
        answering(batched if way == "turns" else models, way != "long") as one,
        one.connect() as begun,
        one.connect() as idle,
    ):
        idle.sendall(GOOD)
        until_answered(idle)
        begun.sendall(GOOD[:-9])
        one._see_to(begun)
        one.server.should_exit = True
        assert until_closed(idle) == b""
        begun.sendall(GOOD[-9:])
        assert until_closed(begun).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("way", [0, 1], ids=["the short way", "the long way"])
def test_a_client_that_does_not_read_is_not_read_from(
    ways: tuple[Answering[Counted], Answering[Counted]], way: int
) -> None:
    request, sent = post(b"[" + b",".join([ROW] * 60) + b"]"), 0
    count = (8 << 20) // len(request)
    everything = memoryview(request * count + LAST)
    with ways[way].connect() as connection:
        connection.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while sent < len(everything):
                sent += connection.send(everything[sent : sent + 65536])
        assert sent < len(everything) // 4
        connection.settimeout(60)
        rest = threading.Thread(target=connection.sendall, args=[everything[sent:]])
        rest.start()
        said = until_closed(connection)
        rest.join()
    assert said.count(b"HTTP/1.1 200 OK") == count + 1
