"""The crew: as many requests as are due, when they are due, and whatever the server does is told, not raised."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.crew import Crew, Driven, LoadRefusedError
from lading.loadtests.generating.recorder import UNSENT
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.latencies import Latencies, seconds_of, together
from lading.loadtests.measuring.step import INVALID, Window
from lading.loadtests.payloads.request import ACCEPTED, MALFORMED, NOT_JSON, OTHER_BUNDLE
from lading.loadtests.plan import Share, Traffic
from tests.loadtests.generating.conftest import MODEL, TRAFFIC
from tests.loadtests.serving import Misbehave, RightServer, misbehaving

ENDS = 20
"""Seconds within which what must come to an end does, or something is wrong."""


def steady(rate: float, seconds: float) -> list[Stretch]:
    return [Stretch(seconds=seconds, rate=rate, rate_after=rate)]


def due(driven: Driven) -> int:
    return sum(window.due for window in driven.windows)


def right(driven: Driven) -> int:
    return sum(window.latencies.count for window in driven.windows)


def failures(driven: Driven) -> Counter[str]:
    found: Counter[str] = Counter()
    for window in driven.windows:
        found.update(window.failures)
    return found


def slow(latencies: Latencies, seconds: float) -> int:
    """How many took at least so long."""
    pairs = zip(latencies.buckets, latencies.counts, strict=True)
    return sum(count for bucket, count in pairs if seconds_of(bucket) >= seconds)


def test_all_that_is_due_is_asked_answered_and_told_of_once(crew: Crew) -> None:
    told: list[Window] = []
    changing = [Stretch(seconds=1, rate=0, rate_after=200), Stretch(seconds=0.5, rate=100, rate_after=100)]
    for stretches, expected in ((changing, 150), (steady(100, 0.5), 50)):
        driven = crew.drive(stretches, told.extend)
        assert (due(driven), right(driven), failures(driven)) == (expected, expected, Counter())
        assert driven.windows == tuple(told)
        assert {window.second for window in driven.windows} <= {0, 1, 2}
        assert (driven.ended, driven.generator.processes, driven.generator.unsent) == (None, 2, 0)
        assert 0 < driven.generator.busiest < 1.5
        told.clear()
    assert INVALID in {window.form for window in driven.windows}


async def garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


async def no_json(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>")


async def another_document(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


async def another_bundle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nlading-bundle-digest: sha256:00\r\ncontent-length: 2\r\n\r\n{}")


async def overloaded(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


async def goodbye(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def abortion(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def half_an_answer(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    writer.close()


async def silence(writer: asyncio.StreamWriter) -> None:
    pass


async def a_byte_at_a_time(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("misbehave", "kinds"),
    [
        pytest.param(garbage, {"not HTTP"}, id="garbage"),
        pytest.param(no_json, {NOT_JSON, ACCEPTED}, id="no JSON"),
        pytest.param(another_document, {MALFORMED, ACCEPTED}, id="another document"),
        pytest.param(overloaded, {"503"}, id="overloaded"),
        pytest.param(goodbye, {"connection closed"}, id="closes instead of an answer"),
        pytest.param(abortion, {"connection reset", "connection closed"}, id="resets"),
        pytest.param(half_an_answer, {"connection closed", "not HTTP"}, id="closes amid an answer"),
        pytest.param(another_bundle, {OTHER_BUNDLE}, id="serves another bundle by now"),
    ],
)
def test_a_server_that_misbehaves_is_told_by_kind(
    crew: Crew, shared: RightServer, misbehave: Misbehave, kinds: set[str]
) -> None:
    with misbehaving(shared, misbehave):
        driven = crew.drive(steady(40, 0.2))
    assert (due(driven), right(driven)) == (8, 0)
    assert failures(driven).total() == 8
    assert failures(driven).keys() <= kinds
    after = crew.drive(steady(40, 0.2))
    assert (right(after), failures(after)) == (8, Counter())


@pytest.mark.parametrize(
    "misbehave",
    [
        pytest.param(silence, id="never answers"),
        pytest.param(a_byte_at_a_time, id="answers too slowly, though something always comes"),
    ],
)
def test_a_server_that_takes_too_long_is_told(hasty: Crew, shared: RightServer, misbehave: Misbehave) -> None:
    with misbehaving(shared, misbehave):
        driven = hasty.drive(steady(40, 0.2))
    assert (due(driven), right(driven), failures(driven)) == (8, 0, {"timeout": 8})


def test_what_no_user_could_send_is_a_failure_of_its_own(hasty: Crew, shared: RightServer) -> None:
    with misbehaving(shared, silence):
        driven = hasty.drive(steady(100, 2))
    assert due(driven) == failures(driven).total() == 200
    assert failures(driven).keys() == {"timeout", UNSENT}
    assert failures(driven)[UNSENT] == driven.generator.unsent > 0


def test_an_interrupted_drive_gives_what_there_is(crew: Crew) -> None:
    def interrupt(_: Sequence[Window]) -> None:
        crew.interrupt()

    driven = crew.drive(steady(50, 600), interrupt)
    assert driven.ended == "interrupted"
    assert right(driven) == due(driven) >= 50
    assert max(window.second for window in driven.windows) < ENDS
    again = crew.drive(steady(50, 0.2))
    assert (again.ended, right(again)) == (None, 10)


def test_what_is_raised_while_it_drives_stops_it(crew: Crew) -> None:
    def fail(_: Sequence[Window]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crew.drive(steady(50, 600), fail)
    assert right(crew.drive(steady(50, 0.2))) == 10


def test_a_stall_shows_in_latencies_and_hides_in_the_times_of_service(
    bundle_paths: dict[str, Path], server: RightServer
) -> None:
    """A server stands still for 100 ms; what two users asked in the meantime waited for it, but only two were sent."""
    stalled = threading.Event()

    def stall(_: Sequence[Window]) -> None:
        if not stalled.is_set():
            stalled.set()
            server.stall(0.1)

    traffic = Traffic(protocols=TRAFFIC.protocols, rows=TRAFFIC.rows, invalid=0.1, users=2)
    with Crew(bundle_paths[MODEL], Endpoint(url=server.url, deployment=MODEL), traffic) as crew:
        driven = crew.drive(steady(200, 3.5), stall)
    assert failures(driven) == Counter()
    valid = [window for window in driven.windows if window.form != INVALID]
    latencies, service = (together(of) for of in ([one.latencies for one in valid], [one.service for one in valid]))
    assert slow(latencies, 0.04) >= 8  # of the twelve and more that were due in its first 60 ms
    assert slow(service, 0.04) <= slow(latencies, 0.04) / 2


def test_a_server_that_dies_is_told_and_waited_for_no_longer(
    bundle_paths: dict[str, Path], server: RightServer
) -> None:
    traffic = Traffic(protocols=TRAFFIC.protocols, rows=TRAFFIC.rows, users=4, timeout=5, invalid=0.1)
    with Crew(bundle_paths[MODEL], Endpoint(url=server.url, deployment=MODEL), traffic) as crew:
        died = threading.Event()

        def die(_: Sequence[Window]) -> None:
            if not died.is_set():
                died.set()
                server.die()

        driven = crew.drive(steady(100, 2), die)
        dead = crew.drive(steady(100, 0.2))
    assert due(driven) == right(driven) + failures(driven).total() == 200
    assert right(driven) >= 50
    assert failures(driven)["connection refused"] > 0
    assert failures(dead) == {"connection refused": 20}


def test_load_that_the_model_cannot_take_is_refused(bundle_paths: dict[str, Path]) -> None:
    whole = Traffic(rows=(Share(rows=2),))
    with (
        pytest.raises(LoadRefusedError, match="2 rows"),
        Crew(bundle_paths["mosaics"], Endpoint(url="http://127.0.0.1:1", deployment="mosaics"), whole),
    ):
        pass


DRIVING = """
import sys
from pathlib import Path
from lading.loadtests.generating.crew import Crew
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.plan import Traffic

bundle, url, model = sys.argv[1:]
with Crew(Path(bundle), Endpoint(url=url, deployment=model), Traffic(users=2), processes=2) as crew:
    assert "gevent" not in sys.modules
    crew.drive([Stretch(seconds=600, rate=20, rate_after=20)], lambda _: print("driving", flush=True))
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_one_that_made_it(
    end: signal.Signals, bundle_paths: dict[str, Path], server: RightServer
) -> None:
    command = [sys.executable, "-c", DRIVING, str(bundle_paths[MODEL]), server.url, MODEL]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "driving\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        os.killpg(parent.pid, end)
        _, errors = parent.communicate(timeout=ENDS)
    assert len(children) == 2
    _, alive = psutil.wait_procs(children, timeout=ENDS)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
    assert ("KeyboardInterrupt" in errors) is (end is signal.SIGINT)
