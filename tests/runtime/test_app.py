import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments

Ask = Callable[..., httpx.Response]

ROW = b'{"x0": 1, "x1": 1, "x2": 1, "x3": 2}'
PREDICT = "/models/cells/predict"


class Failing:
    """A protocol whose endpoints fail: before they answer, and in the middle of an answer."""

    name = "failing"

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        async def fail(scope: Scope, receive: Receive, send: Send) -> None:
            raise OSError("/secret/path is broken, numpy 9.9.9")

        async def exhaust(scope: Scope, receive: Receive, send: Send) -> None:
            raise MemoryError

        return {"/fail": fail, "/exhaust": exhaust}

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        async def halfway(_: Request) -> StreamingResponse:
            def parts() -> Iterator[bytes]:
                yield b"half"
                raise OSError("/secret/path is broken")

            return StreamingResponse(parts())

        return [Route("/halfway", halfway)]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        return {}


def call(
    app: Application, *messages: Message, path: str = PREDICT, headers: Sequence[tuple[bytes, bytes]] = ()
) -> list[Message]:
    """What the application sends when the server hands it these messages."""
    left, sent = list(messages), []
    scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers)}

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()  # the client waits for its answer
        return left.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def part(body: bytes, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def small(deployments: Deployments, size: int) -> Application:
    return Application(deployments, Settings(body_bytes=size))


def test_the_installed_protocols_are_spoken(app: Application) -> None:
    assert {"open_inference", "named_fields", "lineage", "openapi", "page"} <= {item.name for item in app.protocols}


def test_a_draining_application_is_not_ready_and_still_answers(app: Application, ask: Ask) -> None:
    app.draining = True
    for path in ("/v2/health/ready", "/v2/models/cells/ready"):
        assert ask(path).status_code == 503
        assert ask(path).json()["ready"] is False
    assert ask("/v2/health/live").status_code == 200
    assert ask(PREDICT, ROW).json() == {"value": 3.0}


def test_deployments_are_swapped_in_place(app: Application, ask: Ask, bundles: dict[str, Path]) -> None:
    app.deployments = Deployments.load([bundles["coins"]])
    assert ask(PREDICT, ROW).status_code == 404
    assert ask("/models/coins/predict", {"weight": 1, "width": 0}).status_code == 200
    assert [model["name"] for model in ask("/models").json()["models"]] == ["coins"]


@pytest.mark.parametrize(
    ("path", "method", "status", "allow"),
    [
        pytest.param("/nowhere", "GET", 404, None, id="an unknown path"),
        pytest.param("/" + "x" * 9999, "GET", 404, None, id="a long unknown path"),
        pytest.param("/v2//models", "GET", 404, None, id="two slashes"),
        pytest.param("/models/cells", "DELETE", 405, "GET, HEAD, OPTIONS", id="a method that a route does not answer"),
        pytest.param(PREDICT, "GET", 405, "OPTIONS, POST", id="a method that a prediction does not answer"),
        pytest.param("/models/cells", "OPTIONS", 204, "GET, HEAD, OPTIONS", id="which methods a route answers"),
        pytest.param(PREDICT, "OPTIONS", 204, "OPTIONS, POST", id="which methods a prediction answers"),
    ],
)
def test_paths_and_methods_that_are_not_answered(
    ask: Ask, path: str, method: str, status: int, allow: str | None
) -> None:
    response = ask(path, method=method)
    assert (response.status_code, response.headers.get("allow")) == (status, allow)
    assert response.headers["x-content-type-options"] == "nosniff"
    if status != 204:
        assert response.headers["content-type"] == "application/json"
        assert len(response.json()["error"]) < 300


def test_head_answers_like_get_without_the_body(ask: Ask) -> None:
    head, get = ask("/v2/health/ready", method="HEAD"), ask("/v2/health/ready")
    assert (head.status_code, head.content, head.headers) == (200, b"", get.headers)


@pytest.mark.parametrize("path", [PREDICT + "/", "/models/", "/v2/models/cells/"])
def test_one_trailing_slash_changes_nothing(ask: Ask, path: str) -> None:
    body = ROW if path.startswith(PREDICT) else None
    assert ask(path, body).status_code == 200


def test_a_body_in_parts_is_put_together(app: Application) -> None:
    start, body = call(app, part(ROW[:5], True), part(b"", True), part(ROW[5:], False))
    assert (start["status"], body["body"]) == (200, b'{"value":3.0}')


def test_a_client_that_leaves_while_sending_is_not_answered(app: Application, caplog: pytest.LogCaptureFixture) -> None:
    assert call(app, part(ROW[:5], True), {"type": "http.disconnect"}) == []
    assert call(app, {"type": "http.disconnect"}) == []
    assert caplog.records == []


@pytest.mark.parametrize(
    ("messages", "headers"),
    [
        pytest.param([part(ROW, False)], [], id="at once"),
        pytest.param([part(b"x" * 10, True), part(b"x" * 10, True)], [], id="in parts, before the last of them"),
        pytest.param([], [(b"content-length", b"11")], id="as its header says, before any part"),
    ],
)
def test_a_body_that_is_too_large_is_refused(
    deployments: Deployments, messages: list[Message], headers: list[tuple[bytes, bytes]]
) -> None:
    start, body = call(small(deployments, 10), *messages, headers=headers)
    assert start["status"] == 413
    assert b"larger than 10 bytes" in body["body"]


def test_a_body_at_the_limit_is_taken(deployments: Deployments) -> None:
    headers = [(b"content-length", b"%d" % len(ROW))]
    start, _ = call(small(deployments, len(ROW)), part(ROW, False), headers=headers)
    assert start["status"] == 200


@pytest.mark.parametrize(("encoding", "status"), [("gzip", 415), ("identity", 200), ("x" * 999, 415)])
def test_a_compressed_body_is_refused(ask: Ask, encoding: str, status: int) -> None:
    response = ask(PREDICT, ROW, headers={"content-encoding": encoding})
    assert response.status_code == status
    assert len(response.content) < 400


def test_a_large_body_is_read_in_a_thread_and_answered_the_same(ask: Ask) -> None:
    rows = [{"x0": 1, "x1": 1, "x2": 1, "x3": index} for index in range(5000)]
    answers = ask(PREDICT, rows).json()
    assert answers[3] == {"value": 3.5}
    assert len(answers) == 5000
    assert ask(PREDICT, [*rows, {}]).json()["row"] == 5000


def test_a_heavy_model_is_run_in_a_thread_and_answers_the_same(bundles: dict[str, Path]) -> None:
    deployments = Deployments.load([bundles["cells"]])
    deployments.get("cells").seconds_per_call = 1.0
    start, body = call(Application(deployments, Settings()), part(ROW, False))
    assert (start["status"], body["body"]) == (200, b'{"value":3.0}')


@pytest.mark.parametrize("given", [b"", b"my-request-1", b"../../etc", b"x" * 65])
def test_what_goes_wrong_inside_stays_inside(
    deployments: Deployments, caplog: pytest.LogCaptureFixture, given: bytes
) -> None:
    app = Application(deployments, Settings(), [Failing()])
    headers = [(b"x-request-id", given)] if given else []
    start, body = call(app, path="/fail", headers=headers)
    assert start["status"] == 500
    assert (b"content-type", b"application/json") in start["headers"]
    assert b"secret" not in body["body"]
    assert b"9.9.9" not in body["body"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    request = record.getMessage().split()[1].rstrip(":")
    assert request.encode() in body["body"]
    assert (request == given.decode()) is (given == b"my-request-1")


def test_what_takes_too_much_memory_is_told_so(deployments: Deployments, caplog: pytest.LogCaptureFixture) -> None:
    start, body = call(Application(deployments, Settings(), [Failing()]), path="/exhaust")
    assert start["status"] == 413
    assert b"more memory than this server has left" in body["body"]
    assert caplog.records == []


def test_an_answer_that_breaks_off_is_not_begun_again(
    deployments: Deployments, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application(deployments, Settings(), [Failing()])
    with pytest.raises(httpx.TransportError):
        asyncio.run(_over_a_socket(app, [("GET", "/halfway", None)]))
    assert "request" in caplog.text


def test_the_lifespan_and_web_sockets_are_answered(app: Application) -> None:
    left: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()  # the client waits for its answer
        return left.pop(0)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))
    asyncio.run(app({"type": "websocket", "path": "/"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]


def test_a_real_server_on_a_unix_socket_answers(app: Application) -> None:
    large = b"[%b]" % b",".join([ROW] * 5000)
    asked: list[Any] = [
        ("POST", PREDICT, ROW),
        ("HEAD", "/v2/health/ready", None),
        ("POST", PREDICT, large),
        ("GET", "/nowhere", None),
        ("POST", "/v2/models/cells/infer", b"{"),
    ]
    predicted, head, many, missing, broken = asyncio.run(_over_a_socket(app, asked))
    assert (predicted.status_code, predicted.content) == (200, b'{"value":3.0}')
    assert (head.status_code, head.content) == (200, b"")
    assert many.json() == [{"value": 3.0}] * 5000
    assert (missing.status_code, broken.status_code) == (404, 400)


async def _over_a_socket(app: Application, asked: Sequence[tuple[str, str, bytes | None]]) -> list[httpx.Response]:
    """The responses of a uvicorn on a unix socket, all over one connection."""
    with TemporaryDirectory() as folder:
        socket = f"{folder}/s"
        server = uvicorn.Server(uvicorn.Config(app, uds=socket, http="httptools", lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve())
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            transport = httpx.AsyncHTTPTransport(uds=socket)
            async with httpx.AsyncClient(transport=transport, base_url="http://lading") as client:
                return [await client.request(method, at, content=body) for method, at, body in asked]
        finally:
            server.should_exit = True
            await serving
