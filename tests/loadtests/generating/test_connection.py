"""Connections: kept, made anew where the server closed them, with a key and TLS where it asks for them."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lading.loadtests.endpoint import Endpoint, UnreadableFileError
from lading.loadtests.generating.connection import (
    Connection,
    Server,
    UnansweredError,
    UrlError,
)
from lading.loadtests.payloads.request import Answer, Request
from tests.authority import Authority
from tests.loadtests.serving import RightServer

REQUEST = Request("V2 JSON, 1 row", "POST", "/v2/models/m/infer", {"content-type": "application/json"}, b"{}", str)
ANSWER = Answer(200, b'{"outputs":[]}', 3)
ANSWERS = {("/v2/models/m/infer", b"{}"): ANSWER, ("/below/v2/models/m/infer", b"{}"): ANSWER}


def asked(url: str, key_file: Path | None = None, authorities: Path | None = None) -> Answer:
    server = Server(Endpoint(url=url, deployment="m", key_file=key_file, authorities=authorities))
    connection = Connection(server, 5.0)
    try:
        return connection.ask(server.head(REQUEST), REQUEST.body)
    finally:
        connection.close()


def test_a_request_says_what_it_is_and_who_asks(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("lading_abc\n")
    with RightServer(ANSWERS) as server:
        assert asked(server.url + "/below/", tmp_path / "key") == ANSWER
        (head,) = server.asked
    lines = head.decode().splitlines()
    assert lines[0] == "POST /below/v2/models/m/infer HTTP/1.1"
    assert set(lines[1:-1]) == {
        f"host: {server.url.removeprefix('http://')}",
        "content-type: application/json",
        "content-length: 2",
        "authorization: Bearer lading_abc",
    }


def test_a_connection_that_was_closed_while_nothing_was_asked_is_made_anew() -> None:
    with RightServer(ANSWERS) as first:
        server = Server(Endpoint(url=first.url, deployment="m"))
        connection = Connection(server, 5.0)
        head = server.head(REQUEST)
        assert [connection.ask(head, REQUEST.body) for _ in range(3)] == [ANSWER] * 3
    with RightServer(ANSWERS, port=server.port):
        assert connection.ask(head, REQUEST.body) == ANSWER
    with pytest.raises(UnansweredError, match="connection refused"):
        connection.ask(head, REQUEST.body)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://host", "http://", "http://host:port", "http://[::1"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(UrlError, match="it looks like"):
        Server(Endpoint(url=url, deployment="m"))


def test_a_server_whose_name_nobody_knows_is_a_failure() -> None:
    with pytest.raises(UnansweredError, match="not reachable"):
        asked("http://no-such-host.invalid:80")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    for problem in ({"key_file": tmp_path / "missing"}, {"authorities": tmp_path / "no.pem"}):
        (path,) = problem.values()
        with pytest.raises(UnreadableFileError, match=path.name):
            Server(Endpoint(url="https://127.0.0.1", deployment="m", **problem))


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Callable[[], tuple[RightServer, Path]]]:
    """A server that speaks TLS, and the file of who vouches for it."""
    authority = Authority(tmp_path, "ours")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.vouch("server"))
    with RightServer(ANSWERS, context) as server:
        yield lambda: (server, authority.certificate)


def test_tls_is_spoken_with_those_who_are_vouched_for(secured: Callable[[], tuple[RightServer, Path]]) -> None:
    server, authorities = secured()
    assert asked(server.url, authorities=authorities) == ANSWER
    with pytest.raises(UnansweredError, match="TLS"):
        asked(server.url)
