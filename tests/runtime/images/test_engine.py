"""The engine: what is said where none answers, and where one goes away in the middle."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lading.runtime.images.engine import connected, image, told
from lading.runtime.images.errors import EngineRefusedError, NoEngineError


class Dying(BaseHTTPRequestHandler):
    """An engine that says its version, begins to build, and is gone."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer ``/version`` and ``/_ping``; hang up on all else."""
        if not self.path.endswith(("/version", "/_ping")):
            self.close_connection = True
            return
        body = b'{"ApiVersion": "1.41"}' if self.path.endswith("/version") else b"OK"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Say one line, and hang up."""
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        line = b'{"stream": "Step 1/3"}\r\n'
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing of it."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Such an engine, at ``DOCKER_HOST``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Dying) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


def test_an_engine_that_hangs_up_is_an_error_of_what_was_asked(dying: None) -> None:
    with connected() as client:
        with pytest.raises(EngineRefusedError, match=r"failed to look for churn:1: "):
            image(client, "churn:1", "build it")
        heard = told(lambda: client.api.pull("churn", "1", stream=True, decode=True), "pull churn:1")
        assert next(heard) == {"stream": "Step 1/3"}
        with pytest.raises(EngineRefusedError, match=r"failed to pull churn:1: the connection broke off"):
            next(heard)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        pytest.param("tcp://127.0.0.1:1", "Connection refused", id="nobody listens"),
        pytest.param("rubbish", "port is required", id="no address"),
    ],
)
def test_where_no_engine_answers_the_address_and_the_reason_are_said(
    address: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(NoEngineError) as caught, connected():
        pass
    assert f"at {address}: " in str(caught.value)
    assert reason in str(caught.value)
