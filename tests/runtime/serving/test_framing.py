"""Framing: where one request ends and the next begins is never in doubt, and what is odd is refused.

What HAProxy's parser takes, though a stricter one would not, is held here too: it goes to the replica rewritten, so
that nothing behind the edge can read it in another way (decision 0023).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.serving.answering import Fronted, fronted, replies

ROW = b'{"x0": 1, "x1": 1, "x2": 1, "x3": 2}'
TARGET = b"/models/cells/predict"
FIRST = b"POST " + TARGET + b" HTTP/1.1\r\nHost: a\r\n"
SECOND = b"GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(ROW)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SECONDS = 0.5


class Seeing(Application):
    """Remembers the headers of each request, and answers none of them at once."""

    def __init__(self, deployments: Deployments) -> None:
        super().__init__(deployments, Settings())
        self.prompt = {}
        self.seen: list[tuple[str, list[tuple[bytes, bytes]]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/v2/health/ready":
            self.seen.append((scope["path"], scope["headers"]))
        await super().__call__(scope, receive, send)


@pytest.fixture(scope="module")
def patient(bundles: dict[str, Path]) -> Iterator[Fronted[Seeing]]:
    """An edge that waits for what comes late, as on a busy machine."""
    with fronted(Seeing(Deployments.load([bundles["cells"]])), Settings()) as one:
        yield one


@pytest.fixture(scope="module")
def edge(bundles: dict[str, Path]) -> Iterator[Fronted[Seeing]]:
    """One that soon gives up waiting for what never comes."""
    app = Seeing(Deployments.load([bundles["cells"]]))
    limits = Settings(body_seconds=1, header_seconds=SECONDS, idle_seconds=SECONDS, stall_seconds=5)
    with fronted(app, limits) as one:
        yield one


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


def sized(*headers: bytes, start: bytes = FIRST) -> bytes:
    return b"".join((start, *headers, LENGTH, b"\r\n", ROW))


def line(start: bytes) -> bytes:
    return start + b"\r\nHost: a\r\n\r\n"


ONE = chunks(ROW)
TO_1_0 = FIRST.replace(b"1.1", b"1.0")
HOSTLESS = FIRST.replace(b"Host: a\r\n", b"")
CUT = ROW[:9] + b"\r\n" + ROW[9:]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(FIRST + b"Content-Length: 36\r\nContent-Length: 37\r\n\r\n" + ROW, id="two lengths"),
        pytest.param(FIRST + b"Content-Length: 36, 37\r\n\r\n" + ROW, id="a list of two lengths"),
        *(
            pytest.param(FIRST + b"Content-Length: " + length + b"\r\n\r\n" + ROW, id=f"the length {length.decode()}")
            for length in (b"+36", b"-36", b"0x24", b"36e0", b"", b"3 6", b"9" * 30, b"18446744073709551652")
        ),
        pytest.param(FIRST + b"Content-Length : 36\r\n\r\n" + ROW, id="a space before the colon"),
        *(
            pytest.param(FIRST + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + ONE, id=f"the coding {coding!r}")
            for coding in (
                b"chunked, identity",
                b"identity, chunked",
                b"chunked, chunked",
                b"gzip, chunked",
                b"identity",
                b"xchunked",
                b'"chunked"',
                b"\x0bchunked",
            )
        ),
        pytest.param(FIRST + CHUNKED + CHUNKED + b"\r\n" + ONE, id="the coding twice"),
        pytest.param(FIRST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + ONE, id="two codings"),
        pytest.param(FIRST + b"Transfer-Encoding : chunked\r\n\r\n" + ONE, id="a space before the coding's colon"),
        *(
            pytest.param(FIRST + CHUNKED + b"\r\n" + size + b"\r\n" + ROW + b"\r\n0\r\n\r\n", id=f"a chunk of {size!r}")
            for size in (b"0x24", b"+24", b"-24", b" 24", b"", b"f" * 17 + b"24", b"24;a\nb", b"23", b"25")
        ),
        pytest.param(FIRST + CHUNKED + b"\r\n24\n" + ROW + b"\n0\n\n", id="chunks that end in a bare LF"),
        *(
            pytest.param(sized(header + b"\r\n"), id=f"the header {header!r}")
            for header in (b"X: a\0b", b"X\0: a", b"X y: a", b"Xa", b": a", b"X\xe9: a", b"X: a\rContent-Length: 1")
        ),
        pytest.param(sized(start=FIRST.replace(b"Host", b" Host")), id="a first header that goes on"),
        *(
            pytest.param(sized(host, start=HOSTLESS), id=f"the host {host!r}")
            for host in (b"Host: a\r\nHost: b\r\n", b"Host: a, b\r\n", b"Host: a/../b@c\r\n")
        ),
        pytest.param(sized(start=FIRST.replace(TARGET, b"http://b" + TARGET)), id="a host that is not the target's"),
        *(
            pytest.param(line(start), id=f"the line {start!r}")
            for start in (
                b"GET /x HTTP/1.10",
                b"GET /x http/1.1",
                b"GET /x HTTP/1.1 ",
                b"GET /x y HTTP/1.1",
                b"GET /x#y HTTP/1.1",
                b"GET /x\x01 HTTP/1.1",
                b"GET /x\xe9 HTTP/1.1",
                b"GET /x",
                b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2",
            )
        ),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, id="TLS"),
    ],
)
def test_what_has_no_clear_frame_is_closed_without_a_word(edge: Fronted[Seeing], sent: bytes) -> None:
    edge.replica.app.seen.clear()
    assert edge.says(sent + SECOND) == b""
    assert edge.replica.app.seen == []


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        pytest.param(sized(start=HOSTLESS), 400, "names no host", id="no host"),
        *(
            pytest.param(line(b"GET /x HTTP/" + version), 505, "HTTP/1.0 and HTTP/1.1", id=f"HTTP/{version.decode()}")
            for version in (b"0.9", b"1.2", b"2.0")
        ),
        pytest.param(
            FIRST + CHUNKED + b"\r\n24;a=" + b"b" * 2_000_000 + b"\r\n" + ROW + b"\r\n0\r\n\r\n",
            408,
            "did not arrive in time",
            id="an extension of a chunk that no buffer holds",
        ),
        pytest.param(
            FIRST + CHUNKED + b"\r\n" + b"0" * 100_000 + b"24\r\n" + ROW + b"\r\n0\r\n\r\n",
            408,
            "did not arrive in time",
            id="a chunk whose size is endless",
        ),
    ],
)
def test_what_is_refused_is_refused_in_json(
    edge: Fronted[Seeing], patient: Fronted[Seeing], sent: bytes, status: int, words: str
) -> None:
    one = edge if status == 408 else patient
    one.replica.app.seen.clear()
    (found, _, body), *_ = replies(one.says(sent + SECOND))
    assert found == status
    assert isinstance(body, dict)
    assert words in body["error"]
    assert len(body["error"]) <= 256
    assert TARGET.decode() not in [path for path, _ in one.replica.app.seen]


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        pytest.param(sized(), [200, 404], id="one after the other"),
        pytest.param(FIRST + CHUNKED + b"\r\n" + chunks(*(ROW[i : i + 1] for i in range(36))), [200, 404], id="chunks"),
        pytest.param(FIRST + CHUNKED + LENGTH + b"\r\n" + ONE, [200], id="chunks and a length"),
        pytest.param(FIRST + LENGTH + CHUNKED + b"\r\n" + ONE, [200], id="a length and chunks"),
        pytest.param(TO_1_0 + CHUNKED + b"\r\n" + ONE, [200], id="chunks over HTTP/1.0"),
        pytest.param(sized(LENGTH), [200, 404], id="one length said twice"),
        pytest.param(FIRST + b"Content-Length: 36, 36\r\n\r\n" + ROW, [200, 404], id="one length said twice in a list"),
        pytest.param(FIRST + b"Content-Length: 0036\r\n\r\n" + ROW, [200, 404], id="a length with zeros before it"),
        pytest.param(sized(b"Host: a\r\n"), [200, 404], id="one host said twice"),
        pytest.param(sized(b"Host:\r\n", start=HOSTLESS), [200, 404], id="a host that is empty"),
        pytest.param(sized().replace(b"\r\n", b"\n"), [200, 404], id="lines that end in a bare LF"),
        pytest.param(sized(b"X: a\r\n b\r\n"), [200, 404], id="a header that goes on"),
        pytest.param(FIRST + b"Transfer-Encoding:\tCHUNKED \r\n\r\n" + ONE, [200, 404], id="space around the coding"),
        pytest.param(
            FIRST + CHUNKED + b"\r\n24 ;a=b\r\n" + ROW + b"\r\n0\r\n\r\n", [200, 404], id="an extension of a chunk"
        ),
        pytest.param(sized(b"Transfer_Encoding: chunked\r\n"), [200, 404], id="a header with an underscore"),
        pytest.param(sized(b"Content_Length: 3\r\n"), [200, 404], id="another one"),
        pytest.param(sized(b"X: \xe9\xff\r\n"), [200, 404], id="a header beyond ASCII"),
        pytest.param(sized(start=FIRST.replace(TARGET, b"http://a" + TARGET)), [200, 404], id="a target with its host"),
        pytest.param(sized(start=FIRST.replace(b" /", b"  /")), [200, 404], id="two spaces before the target"),
        pytest.param(b"\r\n\r\n" + sized(), [200, 404], id="empty lines before it"),
        pytest.param(sized(start=TO_1_0), [200], id="HTTP/1.0"),
        pytest.param(sized(start=HOSTLESS.replace(b"1.1", b"1.0")), [200], id="HTTP/1.0 without a host"),
        pytest.param(sized(b"Connection: keep-alive\r\n", start=TO_1_0), [200, 404], id="HTTP/1.0 that stays"),
        pytest.param(FIRST.replace(b"POST", b"GET") + LENGTH + b"\r\n" + ROW, [405, 404], id="GET with a body"),
    ],
)
def test_what_is_answered_ends_where_it_ends(patient: Fronted[Seeing], sent: bytes, statuses: list[int]) -> None:
    seen = patient.replica.app.seen
    seen.clear()
    assert [status for status, _, _ in replies(patient.says(sent + SECOND))] == statuses
    assert [path for path, _ in seen] == [TARGET.decode(), "/second"][: len(statuses)]
    names = [name for name, _ in seen[0][1]]
    assert names.count(b"host") <= 1
    assert names.count(b"content-length") + names.count(b"transfer-encoding") == 1
    assert all(b"\r" not in value and b"\n" not in value for _, value in seen[0][1])


@pytest.mark.parametrize(
    "trailers",
    [
        pytest.param(b"Content-Length: 9\r\n", id="a length"),
        pytest.param(b"X: " + b"a" * 500_000 + b"\r\n", id="a long one"),
        pytest.param(b"X: a\r\n" * 50_000, id="many"),
    ],
)
def test_trailers_that_would_change_the_frame_are_refused(edge: Fronted[Seeing], trailers: bytes) -> None:
    said = edge.says(FIRST + CHUNKED + b"\r\n" + ONE[:-2] + trailers + b"\r\n" + SECOND)
    assert [status for status, _, _ in replies(said)][:1] in ([], [400])


def test_trailers_are_no_headers(patient: Fronted[Seeing]) -> None:
    patient.replica.app.seen.clear()
    sent = FIRST + CHUNKED + b"\r\n" + ONE[:-2] + b"Lading-Timeout-Ms: 0\r\nX-Session-Id: 1\r\n\r\n" + SECOND
    assert [status for status, _, _ in replies(patient.says(sent))] == [200, 404]
    assert not {b"lading-timeout-ms", b"x-session-id"} & {name for name, _ in patient.replica.app.seen[0][1]}
