"""API keys at the edge: who has one gets an answer, at the rate that it has, and nobody else does."""

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import ANY

import httpx
import pytest

from lading.runtime.protocols.error_table import meaning
from lading.runtime.serving.keys import Key, key_digest
from lading.runtime.serving.keys_file import add_key, remove_key

if TYPE_CHECKING:
    from tests.runtime.serving.edge.conftest import EdgeAlone

Begin = Callable[..., "EdgeAlone"]
PATH = "/v2/models/cells/infer"


KEYS = f"{Key('alice', key_digest('secret-a'))}\n{Key('bob', key_digest('secret-b'), 5)}\n"
"""The keys of alice, who may send what she likes, and of bob, who may send five requests a second."""


@pytest.fixture(scope="module")
def steady(begin_once: Begin, tmp_path_factory: pytest.TempPathFactory) -> "EdgeAlone":
    """An edge whose keys stay."""
    path = tmp_path_factory.mktemp("keys") / "keys.txt"
    path.write_text(KEYS)
    return begin_once(keys_file=path, access_log=True)


@pytest.fixture
def shared(steady: "EdgeAlone") -> "EdgeAlone":
    """The same, fresh."""
    steady.forget()
    return steady


@pytest.fixture
def keys(folder: Path) -> Path:
    """A file of keys that may be changed."""
    path = folder / "keys.txt"
    path.write_text(KEYS)
    return path


@pytest.fixture
def edge(begin: Begin, keys: Path) -> "EdgeAlone":
    """An edge that asks for these."""
    return begin(keys_file=keys, access_log=True)


def put(text: str, path: Path) -> None:
    """Have ``path`` say ``text``, in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(edge: "EdgeAlone", headers: Sequence[tuple[str, str]], path: str = PATH) -> Answer:
    """What a client is answered that sends these headers just so."""
    client = HTTPConnection("127.0.0.1", edge.port, timeout=20)
    client.putrequest("GET", path)
    for name, value in headers:
        client.putheader(name, value)
    client.endheaders()
    found = client.getresponse()
    answer = Answer(found.status, dict(found.headers.items()), found.read())
    client.close()
    return answer


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(("Authorization", "Bearer secret-a"), id="bearer"),
        pytest.param(("authorization", "bEaReR   secret-a"), id="the scheme in any case, with any space"),
        pytest.param(("x-api-key", "secret-a"), id="x-api-key"),
        pytest.param(("X-API-Key", "  secret-a  "), id="x-api-key in capitals, with space around the key"),
    ],
)
def test_a_key_is_taken_and_goes_no_further(shared: "EdgeAlone", header: tuple[str, str]) -> None:
    assert ask(shared, [header]).status == 200
    (head,) = shared.heads
    assert "secret" not in head
    assert "authorization" not in head.lower()
    assert "api-key" not in head.lower()
    (line,) = shared.log(1)
    assert (line["key"], line["refused"], line["status"]) == ("alice", "-", 200)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param([], "no key", id="no key"),
        pytest.param([("authorization", "Bearer secret-c")], "unknown key", id="a key that is not there"),
        pytest.param([("x-api-key", "SECRET-A")], "unknown key", id="a key in capitals"),
        pytest.param([("x-api-key", "secret-a1")], "unknown key", id="a key and more"),
        pytest.param([("x-api-key", "alice")], "unknown key", id="the name of a key"),
        pytest.param([("x-api-key", key_digest("secret-a"))], "unknown key", id="the hash of a key"),
        pytest.param([("x-api-key", key_digest("secret-a")[7:])], "unknown key", id="the hash of a key, bare"),
        pytest.param([("x-api-key", "secret-a,secret-a")], "unknown key", id="a list"),
        pytest.param([("x-api-key", "")], "unknown key", id="an empty key"),
        pytest.param([("authorization", "Bearer ")], "unknown key", id="an empty bearer"),
        pytest.param([("authorization", "Bearer")], "unknown key", id="a bearer of nothing"),
        pytest.param([("authorization", "secret-a")], "unknown key", id="no scheme"),
        pytest.param([("authorization", "Bearersecret-a")], "unknown key", id="a scheme that is part of the key"),
        pytest.param([("authorization", "BearerX secret-a")], "unknown key", id="a longer scheme"),
        pytest.param([("authorization", "Bearer secret-a, Bearer secret-c")], "unknown key", id="a list, known first"),
        pytest.param([("authorization", "Bearer secret-c, Bearer secret-a")], "unknown key", id="a list, known last"),
        pytest.param([("authorization", "Basic c2VjcmV0LWE=")], "unknown key", id="another scheme"),
        pytest.param([("api-key", "secret-a")], "no key", id="another header"),
        pytest.param([("x-api-key", "secret-a")] * 2, "several keys", id="a key twice"),
        pytest.param(
            [("authorization", "Bearer secret-c"), ("authorization", "Bearer secret-a")], "several keys", id="two keys"
        ),
        pytest.param(
            [("authorization", "Bearer secret-a"), ("x-api-key", "secret-a")], "several keys", id="a key in two ways"
        ),
        pytest.param([("lading-key", "alice"), ("x-lading-key", "alice")], "no key", id="a name in a header"),
    ],
)
def test_who_has_no_key_is_refused(shared: "EdgeAlone", headers: list[tuple[str, str]], reason: str) -> None:
    answer = ask(shared, headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/json"
    document = json.loads(answer.body)
    assert document == {"error": document["message"], "error_code": "UNAUTHENTICATED", "message": ANY}
    assert shared.heads == []
    (line,) = shared.log(1)
    assert (line["key"], line["refused"]) == ("-", reason)


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready", "/ping", "/health", "/ping/"])
@pytest.mark.parametrize("headers", [[], [("x-api-key", "secret-c")]], ids=["no key", "a key that is not there"])
def test_health_needs_no_key(shared: "EdgeAlone", path: str, headers: list[tuple[str, str]]) -> None:
    assert ask(shared, headers, path).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v2",
        "/v2/health/live//",
        "/v2/health/live/../../models",
        "/v2/health//live",
        "/v2/health/live%2f..",
        "/v2/%68ealth/live",
        "/V2/health/live",
        "/models?/v2/health/live",
        "/models;/ping",
        "/metrics",
    ],
)
def test_nothing_else_does_however_it_is_spelt(shared: "EdgeAlone", target: str) -> None:
    with socket.create_connection(("127.0.0.1", shared.port)) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 401 ")
    assert shared.heads == []


def test_a_key_has_its_own_rate_and_slows_nobody_else(edge: "EdgeAlone") -> None:
    begun, bobs, alices = time.monotonic(), Counter[int](), Counter[int]()
    with httpx.Client(base_url=f"http://127.0.0.1:{edge.port}") as client:
        refused = client.get("/ping")
        for _ in range(40):
            answer = client.get(PATH, headers={"x-api-key": "secret-b"})
            bobs[answer.status_code] += 1
            refused = refused if answer.status_code == 200 else answer
            alices[client.get(PATH, headers={"x-api-key": "secret-a"}).status_code] += 1
    assert alices == {200: 40}
    assert set(bobs) == {200, 429}
    assert 5 <= bobs[200] <= 5 * (2 + time.monotonic() - begun)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error_code"] == meaning(429).mlflow
    edge.until(lambda: ask(edge, [("x-api-key", "secret-b")]).status == 200)
    assert {(line["key"], line["refused"]) for line in edge.log(80)[1:]} == {
        ("alice", "-"),
        ("bob", "-"),
        ("bob", "rate"),
    }


def test_who_asks_for_health_uses_up_no_rate(edge: "EdgeAlone") -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{edge.port}", headers={"x-api-key": "secret-b"}) as client:
        assert {client.get("/ping").status_code for _ in range(30)} == {200}
        assert client.get(PATH).status_code == 200


@pytest.fixture
def load(edge: "EdgeAlone") -> Iterator[Counter[int]]:
    """What alice is answered, who asks all the time over one connection."""
    answers, stop = Counter[int](), threading.Event()

    def run() -> None:
        with httpx.Client(headers={"x-api-key": "secret-a"}) as client:
            while not stop.is_set():
                answers[client.get(f"http://127.0.0.1:{edge.port}{PATH}").status_code] += 1

    thread = threading.Thread(target=run)
    thread.start()
    yield answers
    stop.set()
    thread.join()


def test_keys_come_and_go_under_load_and_no_request_is_lost(edge: "EdgeAlone", keys: Path, load: Counter[int]) -> None:
    secret = add_key(keys, "carol", None)
    edge.until(lambda: ask(edge, [("x-api-key", secret)]).status == 200)
    remove_key(keys, "carol")
    edge.until(lambda: ask(edge, [("x-api-key", secret)]).status == 401)
    edge.until(lambda: edge.said == ["the API keys changed and were read again"] * 2)  # it is said after it is so
    before = load[200]
    edge.until(lambda: load[200] > before)
    assert set(load) == {200}


def test_thousands_of_keys_come_at_once(edge: "EdgeAlone", keys: Path) -> None:
    many = "".join(f"{Key(f'k{n}', key_digest(f'secret-{n}'), n + 1)}\n" for n in range(5000))
    put(many, keys)
    edge.until_said("were read again")
    for number in (0, 2500, 4999):
        assert ask(edge, [("x-api-key", f"secret-{number}")]).status == 200
    assert ask(edge, [("x-api-key", "secret-a")]).status == 401


def test_a_broken_file_changes_nothing_and_is_told_of_once(edge: "EdgeAlone", keys: Path) -> None:
    good = keys.read_text()
    put("alice is not a key\n", keys)
    edge.until_said("line 1 of")
    time.sleep(0.5)  # more looks
    assert len(edge.said) == 1
    assert edge.said[0].startswith("the API keys stay as they were: line 1 of")
    assert ask(edge, [("x-api-key", "secret-a")]).status == 200
    keys.unlink()
    edge.until_said("No such file")
    assert ask(edge, [("x-api-key", "secret-a")]).status == 200
    put(good.replace("alice", "anna"), keys)
    edge.until_said("were read again")
    assert ask(edge, [("x-api-key", "secret-a")]).status == 200
    assert edge.log(3)[-1]["key"] == "anna"


def test_a_link_that_is_turned_is_a_change(edge: "EdgeAlone", keys: Path) -> None:
    other, link = keys.with_name("other.txt"), keys.with_name("link")
    other.write_text(f"{Key('carol', key_digest('secret-c'))}\n")
    link.symlink_to(other)
    link.replace(keys)
    edge.until_said("were read again")
    assert ask(edge, [("x-api-key", "secret-c")]).status == 200
    assert ask(edge, [("x-api-key", "secret-a")]).status == 401


def test_an_edge_that_is_started_again_has_the_keys_of_now(edge: "EdgeAlone", keys: Path) -> None:
    secret = add_key(keys, "carol", None)
    edge.until_said("were read again")
    os.kill(edge.pid(), signal.SIGKILL)
    edge.do(edge.edge.wait())
    add_key(keys, "dave", None)
    time.sleep(0.5)  # looks without an edge
    edge.do(edge.edge.restart())
    edge.until(lambda: edge.do(edge.edge.replicas()) == 1)
    assert ask(edge, [("x-api-key", secret)]).status == 200
    remove_key(keys, "carol")
    edge.until(lambda: ask(edge, [("x-api-key", secret)]).status == 401)


def test_a_hurried_look_does_not_wait_until_a_file_has_settled(edge: "EdgeAlone", keys: Path) -> None:
    keys.write_text("")

    async def hurry() -> None:
        edge.hurry.set()
        await asyncio.sleep(0)

    edge.do(hurry())
    edge.until_said("were read again")
    assert ask(edge, [("x-api-key", "secret-a")]).status == 401
