"""The load generator counts what a server does, whichever way it answers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

BODY = b"x" * 300_000
"""More than a socket takes at once."""

REQUEST = f"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: {len(BODY)}\r\n\r\n".encode() + BODY


class Handler(BaseHTTPRequestHandler):
    """Answers what it is told to, and counts."""

    protocol_version = "HTTP/1.1"
    status, chunked, closing = 200, False, False
    answered = 0

    def do_POST(self) -> None:
        if self.rfile.read(len(BODY)) != BODY:
            self.close_connection = True
            return
        type(self).answered += 1
        if self.closing and self.answered % 3 == 0:
            self.close_connection = True
            return
        self.send_response(self.status)
        self.send_header(*(("transfer-encoding", "chunked") if self.chunked else ("content-length", "5")))
        self.end_headers()
        for part in (b"5\r\nright\r\n", b"0\r\n\r\n") if self.chunked else (b"ri", b"ght"):
            self.wfile.write(part)

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


@contextmanager
def serving(**how: Any) -> Iterator[tuple[int, type[Handler]]]:
    handler = type("Told", (Handler,), how)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, handler
        server.shutdown()
        thread.join()


def load(port: int, folder: Path) -> dict[str, Any]:
    (folder / "request").write_bytes(REQUEST)
    command = [sys.executable, "-m", "benchmarks.load", str(port), "3", "0.3", str(folder / "request")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_every_answer_is_counted_once(tmp_path: Path, chunked: bool) -> None:
    with serving(chunked=chunked) as (port, handler):
        seen = load(port, tmp_path)
    assert (seen["requests"], seen["errors"]) == (handler.answered, 0)
    assert 0 < seen["p50_ms"] <= seen["p99_ms"]


def test_refusals_are_errors(tmp_path: Path) -> None:
    with serving(status=503) as (port, handler):
        seen = load(port, tmp_path)
    assert seen["requests"] == seen["errors"] == handler.answered


def test_a_closed_connection_is_an_error_and_opened_again(tmp_path: Path) -> None:
    with serving(closing=True) as (port, handler):
        seen = load(port, tmp_path)
    assert seen["errors"] > 0
    assert seen["requests"] + seen["errors"] == handler.answered
