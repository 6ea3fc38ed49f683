"""Compression: off, it is refused; on, what is compressed says what is not, both ways."""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Mapping

import httpx
import orjson
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.compression import LEAST_BYTES, compressing

PATH = "/models/cells/predict"
LIMIT = 100_000
ROWS = orjson.dumps([{"x0": 1, "x1": 2, "x2": 3, "x3": number} for number in range(500)])
ROW = b'{"x0": 1, "x1": 2, "x2": 3, "x3": 4}'
ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.fixture(scope="module")
def app(deployments: Deployments) -> Application:
    return Application(deployments, Settings(compressed_bodies=True, body_bytes=LIMIT))


def asked(
    app: ASGIApp, path: str, body: bytes | None = None, method: str | None = None, **headers: str
) -> httpx.Response:
    """The answer, out of its coding, to a request with these headers, ``_`` in their names for ``-``."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            del client.headers["accept-encoding"]
            verb = method if method is not None else "GET" if body is None else "POST"
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(verb, path, content=body, headers=named)

    return asyncio.run(ask())


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [ROWS, ROW, b"[]", b"not JSON"])
def test_what_is_compressed_says_what_is_not(app: Application, coding: str, body: bytes) -> None:
    plain = asked(app, PATH, body)
    found = asked(app, PATH, ENCODERS[coding](body), content_encoding=coding, accept_encoding=coding)
    assert (found.status_code, found.content) == (plain.status_code, plain.content)
    assert found.headers.get("content-encoding") == (coding if len(plain.content) >= LEAST_BYTES else None)
    assert found.headers["lading-bundle-digest"] == plain.headers["lading-bundle-digest"]
    assert app.intake.held == 0


@pytest.mark.parametrize("path", ["/openapi.json", "/", "/models/penguins", "/nothing"])
def test_everything_is_compressed_that_is_long_enough(app: Application, path: str) -> None:
    plain, found = asked(app, path), asked(app, path, accept_encoding="gzip, deflate")
    long = len(plain.content) >= LEAST_BYTES
    assert found.content == plain.content
    assert found.headers.get("content-encoding") == ("gzip" if long else None)
    assert found.headers.get("vary") == ("accept-encoding" if long else None)
    assert long is (int(found.headers["content-length"]) < len(plain.content))


def test_head_is_answered_as_it_is(app: Application) -> None:
    plain = asked(app, "/openapi.json", method="HEAD", accept_encoding="gzip")
    assert plain.content == b""
    assert int(plain.headers["content-length"]) == len(asked(app, "/openapi.json").content)


@pytest.mark.parametrize(
    ("body", "coding", "status", "words"),
    [
        pytest.param(gzip.compress(ROW), "gzip, gzip", 415, "gzip, gzip", id="one coding in another"),
        pytest.param(ROW, "br", 415, "br", id="a coding that is not read"),
        pytest.param(gzip.compress(ROW)[:-1], "gzip", 400, "not one whole gzip stream", id="cut short"),
        pytest.param(ROW, "deflate", 400, "not one whole deflate stream", id="not compressed"),
        pytest.param(gzip.compress(bytes(100 << 20)), "gzip", 413, f"larger than {LIMIT}", id="a bomb"),
        pytest.param(gzip.compress(gzip.compress(ROW)), "gzip", 400, "not JSON", id="twice, and once told"),
    ],
)
def test_what_cannot_be_read_is_refused(app: Application, body: bytes, coding: str, status: int, words: str) -> None:
    found = asked(app, PATH, body, content_encoding=coding)
    assert found.status_code == status
    assert words in found.json()["error"]
    assert "lading-bundle-digest" in found.headers
    assert app.intake.held == 0


def test_a_coding_is_one_in_any_case(app: Application) -> None:
    assert asked(app, PATH, gzip.compress(ROW), content_encoding="GZIP").json() == {"value": 4.0}
    assert asked(app, PATH, ROW, content_encoding="Identity").json() == {"value": 4.0}


def test_where_it_is_off_nothing_is_compressed(deployments: Deployments) -> None:
    app = Application(deployments, Settings())
    assert asked(app, PATH, gzip.compress(ROW), content_encoding="gzip").status_code == 415
    assert "content-encoding" not in asked(app, PATH, ROWS, accept_encoding="gzip").headers


def test_an_answer_in_pieces_is_sent_as_it_is() -> None:
    sent: list[Message] = [
        {"type": "http.response.start", "status": 200, "headers": []},
        {"type": "http.response.body", "body": b"a" * 5000, "more_body": True},
        {"type": "http.response.body", "body": b"b" * 5000},
    ]

    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        for message in sent:
            await send(message)

    found = asked(compressing(streaming), "/", accept_encoding="gzip")
    assert found.content == b"a" * 5000 + b"b" * 5000
    assert "content-encoding" not in found.headers
