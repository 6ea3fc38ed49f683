"""gRPC at the edge: calls reach a replica, and whatever the edge says by itself is a status of gRPC's."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.grpc.health import Health
from lading.runtime.grpc.open_inference import OpenInference
from lading.runtime.serving.edge_grpc import BACKEND
from lading.runtime.serving.edge_statuses import STATUSES
from lading.runtime.serving.keys import Key, key_digest
from tests.runtime.grpc.conftest import Calls, Stranger, infer, told, unary
from tests.runtime.grpc.test_inference import cells
from tests.runtime.serving.conftest import free_port
from tests.runtime.serving.edge.test_metrics import metrics, of

if TYPE_CHECKING:
    from tests.authority import Authority
    from tests.runtime.serving.edge.conftest import EdgeAlone

COUNT, WAIT = "/stranger.Service/Count", "/stranger.Service/Wait"
LIMIT = 100_000
Metadata = Sequence[tuple[str, str]]


class Called:
    """An edge, and the services of the replica behind it."""

    def __init__(self, edge: "EdgeAlone", port: int, deployments: Deployments) -> None:
        self.edge, self.target, self.stranger = edge, f"127.0.0.1:{port}", Stranger()
        self._application = Application(deployments, Settings(body_bytes=2 * LIMIT))
        self._services = (OpenInference(), Health(), self.stranger)
        self.begin()

    def begin(self) -> None:
        """Have the replica listen."""
        self.calls = Calls(self._application, self.edge.folder / "slot0.grpc", self._services)

    def channel(self) -> grpc.Channel:
        return grpc.insecure_channel(self.target, [("grpc.max_send_message_length", -1)])

    def held(self) -> int:
        """How many calls the edge has sent to the replica, and waits for."""
        return self._counted("scur", "slot0")

    def queued(self) -> int:
        """How many calls wait in the edge for the replica to have a place."""
        return self._counted("qcur", "BACKEND", "slot0")

    def _counted(self, column: str, *names: str) -> int:
        rows = self.edge.do(self.edge.edge.control.statistics())
        return sum(int(row[column]) for row in rows if row["pxname"] == BACKEND and row["svname"] in names)

    def unary(self, method: str, body: bytes = b"", **options: Any) -> bytes:
        with self.channel() as channel:
            return unary(channel, method, body, **options)

    def refused(self, method: str, body: bytes = b"", **options: Any) -> tuple[str, str]:
        """The status and the words that a call is refused with."""
        with pytest.raises(grpc.RpcError) as refused:
            self.unary(method, body, **options)
        return told(refused).code().name, told(refused).details()


Publish = Callable[..., Called]


@pytest.fixture
def publish(begin: Callable[..., "EdgeAlone"], deployments: Deployments) -> Iterator[Publish]:
    """Begins an edge with some settings, and a replica behind it."""
    begun: list[Called] = []

    def made(**settings: object) -> Called:
        port = free_port()
        begun.append(Called(begin(grpc_port=port, **settings), port, deployments))
        return begun[-1]

    yield made
    for one in begun:
        one.calls.close()


@pytest.fixture(scope="module")
def shared(begin_once: Callable[..., "EdgeAlone"], deployments: Deployments) -> Iterator[Called]:
    """One for a module's tests."""
    port = free_port()
    edge = begin_once(grpc_port=port, body_bytes=LIMIT, header_fields=50, header_bytes=8000)
    called = Called(edge, port, deployments)
    yield called
    called.calls.close()


def test_the_statuses_are_those_of_grpc() -> None:
    assert dict(enumerate(STATUSES)) == {status.value[0]: status.name for status in grpc.StatusCode}


def test_triton_s_client_is_answered(shared: Called, deployments: Deployments) -> None:
    values = np.arange(8, dtype=np.float32).reshape(2, 4)
    tensor = InferInput("X", [2, 4], "FP32")
    tensor.set_data_from_numpy(values)
    with InferenceServerClient(shared.target) as client:
        assert client.is_server_ready()
        answer = client.infer("cells", [tensor])
    np.testing.assert_array_equal(answer.as_numpy("variable"), deployments.get("cells").run({"X": values})["variable"])


def test_a_long_message_is_answered_like_a_short_one(shared: Called) -> None:
    for size in (0, 1, 50_000, LIMIT):
        assert shared.unary(COUNT, b"a" * size).endswith(b"models, " + b"a" * size)


def test_an_answer_has_the_id_of_its_request(shared: Called) -> None:
    with shared.channel() as channel:
        call: Any = channel.unary_unary(COUNT)
        for given, expected in (("my-id", "my-id"), ("not an id", None)):
            _, ended = call.with_call(b"", timeout=20, metadata=[("x-request-id", given)])
            found = dict(ended.initial_metadata())["x-request-id"]
            assert (found == given) is (expected is not None)


@pytest.mark.parametrize(
    ("body", "options", "status", "words"),
    [
        (b"a" * (LIMIT + 1), {}, "RESOURCE_EXHAUSTED", f"the message is larger than {LIMIT} bytes; send the rows in"),
        (b"a" * 2**26, {}, "RESOURCE_EXHAUSTED", f"the message is larger than {LIMIT} bytes"),
        (b"", {"metadata": [("a", "b" * 9000)]}, "INVALID_ARGUMENT", "the headers are longer than 8000 bytes"),
        (b"", {"metadata": [(f"a{n}", "b") for n in range(60)]}, "INVALID_ARGUMENT", "more than 50 headers"),
        (b"a" * 99, {"compression": grpc.Compression.Gzip}, "UNIMPLEMENTED", "compressed messages are not taken"),
    ],
    ids=["a message over the limit", "one far over it", "long headers", "many headers", "compressed"],
)
def test_the_edge_refuses_with_a_status(
    shared: Called, body: bytes, options: dict[str, Any], status: str, words: str
) -> None:
    found, details = shared.refused(COUNT, body, **options)
    assert found == status
    assert words in details


def test_what_a_replica_refuses_passes_as_it_is(shared: Called) -> None:
    assert shared.refused("/stranger.Service/Refuse")[0] == "RESOURCE_EXHAUSTED"
    assert shared.refused("/stranger.Service/Fail")[0] == "INTERNAL"
    assert shared.refused("/stranger.Service/Nothing")[0] == "UNIMPLEMENTED"


def test_a_replica_that_does_not_answer_is_given_up(publish: Publish) -> None:
    assert publish(request_seconds=1.0).refused(WAIT) == (
        "DEADLINE_EXCEEDED",
        "the model did not answer in time; send fewer rows in one request",
    )


def test_a_client_cannot_lie_about_the_length(shared: Called) -> None:
    answer = shared.unary(COUNT, b"abc", metadata=[("lading-message-bytes", "1"), ("lading-message-bytes", "2")])
    assert answer.endswith(b"abc")
    assert shared.unary("/stranger.Service/Metadata", b"abc").decode().count("lading-message-bytes='3'") == 1


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame of HTTP/2 (RFC 9113, 4.1)."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def headers(**given: str) -> bytes:
    """A frame of headers, those that are not empty, each a literal without Huffman coding (RFC 7541, 6.2.2)."""
    call = {"content-type": "application/grpc", "te": "trailers"}
    fields = {":method": "POST", ":scheme": "http", ":path": COUNT, ":authority": "a", **call, **given}
    literals = [
        b"\0%c%b%c%b" % (len(name), name.encode(), len(text), text.encode()) for name, text in fields.items() if text
    ]
    return frame(1, 4, 1, b"".join(literals))


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
MESSAGE = frame(0, 1, 1, bytes(5))


def exchange(target: str, sent: bytes, end: bytes = b"") -> bytes:
    """All that comes back for these bytes, until the connection is closed or ``end`` came."""
    host, port = target.split(":")
    received = b""
    with socket.create_connection((host, int(port))) as client:
        client.settimeout(20)
        client.sendall(sent)
        while not (end and end in received) and (piece := client.recv(65536)):
            received += piece
    return received


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (headers(**{":method": "GET"}), b"a call is a POST"),
        (headers(te=""), b"this is no call of gRPC"),
        (headers(**{"content-type": "text/plain"}), b"this is no call of gRPC"),
        (headers(a="b\x01c"), b"a header holds a control character; send text"),
        (headers(**{":path": "/" + "a" * 120}) + MESSAGE, b"grpc-status\x0212"),
    ],
    ids=["a GET", "no trailers", "another type", "a control", "another path"],
)
def test_what_no_client_of_grpc_sends_is_told_so_too(shared: Called, sent: bytes, words: bytes) -> None:
    received = exchange(shared.target, PREFACE + sent, words)
    assert words in received
    assert b"application/grpc" in received


def test_what_is_no_http_2_is_closed_without_a_word(shared: Called) -> None:
    assert exchange(shared.target, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n") == b""


def test_a_call_whose_replica_is_not_there_is_unavailable(publish: Publish) -> None:
    called = publish()
    assert called.unary(COUNT)
    called.calls.close()
    try:
        status, words = called.refused(COUNT)
    finally:
        called.begin()
    assert status == "UNAVAILABLE"
    assert words == "no replica is free to answer; send the request again later"
    assert called.unary(COUNT)


def test_calls_that_find_no_place_wait_for_one_and_then_are_told(publish: Publish) -> None:
    called = publish(queue_per_replica=2, queue_seconds=0.5)
    with called.channel() as channel, ThreadPoolExecutor(8) as pool:
        wait: Any = channel.unary_unary(WAIT)
        waiting = [wait.future(b"") for _ in range(2)]
        called.edge.until(lambda: called.held() == 2)
        refused = list(pool.map(lambda _: called.refused(COUNT), range(4)))
        for call in waiting:
            call.cancel()
    assert {status for status, _ in refused} == {"UNAVAILABLE"}
    assert called.unary(COUNT)


def test_one_connection_holds_no_more_calls_than_there_may_be(publish: Publish) -> None:
    called = publish(connections=5)
    with called.channel() as channel:
        wait: Any = channel.unary_unary(WAIT)
        waiting = [wait.future(b"") for _ in range(8)]
        called.edge.until(lambda: sum(call.done() for call in waiting) == 3)
        found = Counter((call.code().name, call.details()) for call in waiting if call.done())
        for call in waiting:
            call.cancel()
    assert found == {("UNAVAILABLE", "too many calls at a time; send it again later"): 3}


def test_a_call_that_nobody_waits_for_never_leaves_the_queue(publish: Publish) -> None:
    called = publish(queue_per_replica=1, queue_seconds=20)
    with called.channel() as channel:
        wait: Any = channel.unary_unary(WAIT)
        count: Any = channel.unary_unary(COUNT)
        waiting = wait.future(b"")
        called.edge.until(lambda: called.held() == 1)
        given_up = count.future(b"")
        called.edge.until(lambda: called.queued() == 1)
        given_up.cancel()
        called.edge.until(lambda: called.queued() == 0)  # it learns of it a moment later
        waiting.cancel()
        assert called.stranger.cancelled.wait(20)
        assert called.unary(COUNT)
    assert called.stranger.counted == 1


def test_a_message_that_comes_too_slowly_is_given_up(publish: Publish) -> None:
    called, stop = publish(body_seconds=1.0), threading.Event()

    def silent() -> Iterator[bytes]:
        stop.wait(20)
        yield b""

    with called.channel() as channel:
        call: Any = channel.stream_unary(COUNT)
        with pytest.raises(grpc.RpcError) as refused:
            call(silent(), timeout=20)
        stop.set()
    assert told(refused).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert told(refused).details() == "the call did not arrive in time; send it in one piece"


@pytest.mark.parametrize(
    "sent",
    [b"", PREFACE, PREFACE + headers()[:20], PREFACE + headers() + MESSAGE],
    ids=["nothing", "no call", "half of a call's headers", "a call, and then nothing"],
)
def test_a_connection_that_says_no_more_is_closed(publish: Publish, sent: bytes) -> None:
    called = publish(header_seconds=1.0, stall_seconds=2.0, idle_seconds=1.0)
    exchange(called.target, sent)


def test_a_client_that_takes_no_more_of_its_answer_is_closed(publish: Publish) -> None:
    called = publish(stall_seconds=5.0, idle_seconds=1.0)
    window = 65535  # of a connection's answers, as long as the client opens it no further (RFC 9113, 6.9.2)
    message = b"\0" + (2 * window).to_bytes(4, "big") + b"a" * 2 * window
    pieces = [message[at : at + 16384] for at in range(0, len(message), 16384)]
    frames = [frame(0, int(piece is pieces[-1]), 1, piece) for piece in pieces]
    received = exchange(called.target, PREFACE + headers() + b"".join(frames))
    assert window // 2 < received.count(b"a") <= window + 1024


KEYS = f"{Key('alice', key_digest('secret-a'))}\n{Key('bob', key_digest('secret-b'), 2)}\n"


def test_who_has_no_key_is_not_answered(publish: Publish, folder: Path) -> None:
    keys = folder / "keys.txt"
    keys.write_text(KEYS)
    called = publish(keys_file=keys)
    assert called.unary(COUNT, metadata=[("authorization", "Bearer secret-a")])
    assert called.unary(COUNT, metadata=[("x-api-key", "secret-a")])
    assert b"secret" not in called.unary("/stranger.Service/Metadata", metadata=[("x-api-key", "secret-a")])
    no_key: list[Metadata] = [[], [("authorization", "Bearer other")], [("authorization", "secret-a")]]
    for metadata in no_key:
        status, words = called.refused(COUNT, metadata=metadata)
        assert status == "UNAUTHENTICATED"
        assert "send one as Authorization: Bearer KEY, or as x-api-key: KEY" in words
    with InferenceServerClient(called.target) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
    assert called.unary("/grpc.health.v1.Health/Check")


def test_a_key_is_refused_beyond_its_rate(publish: Publish, folder: Path) -> None:
    keys = folder / "keys.txt"
    keys.write_text(KEYS)
    called = publish(keys_file=keys)
    with called.channel() as channel:
        call: Any = channel.unary_unary(COUNT)
        waiting = [call.future(b"", metadata=[("x-api-key", "secret-b")], timeout=20) for _ in range(30)]
        found = Counter(call.code().name for call in waiting)
    assert found["RESOURCE_EXHAUSTED"] >= 10
    assert found["OK"] >= 2
    assert set(found) == {"OK", "RESOURCE_EXHAUSTED"}


def test_calls_are_encrypted_and_clients_show_certificates(
    publish: Publish, authority: "Callable[[str], Authority]"
) -> None:
    ours, theirs = authority("ours"), authority("theirs")
    certificate, key = ours.vouch("server")
    called = publish(tls_certificate=certificate, tls_key=key, tls_client_ca=theirs.certificate)
    shown, private = theirs.vouch("client")
    root = ours.certificate.read_bytes()
    credentials = grpc.ssl_channel_credentials(root, private.read_bytes(), shown.read_bytes())
    with grpc.secure_channel(called.target.replace("127.0.0.1", "localhost"), credentials) as channel:
        assert infer(channel, cells()).model_name == "cells"
    with grpc.secure_channel(called.target, grpc.ssl_channel_credentials(root)) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            unary(channel, COUNT, timeout=2)
        assert told(refused).code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    with called.channel() as channel, pytest.raises(grpc.RpcError):
        unary(channel, COUNT, timeout=2)


def test_calls_are_counted_by_whose_fault_an_error_is(publish: Publish) -> None:
    port = free_port()
    called = publish(metrics_port=port, body_bytes=LIMIT)
    called.unary(COUNT)
    called.refused("/stranger.Service/Refuse")
    called.refused("/stranger.Service/Fail")
    called.refused(COUNT, b"a" * (LIMIT + 1))
    httpx.get(f"http://127.0.0.1:{called.edge.port}/v2")
    found = metrics(port)
    counted = {
        status: found.get(of("lading_requests_total", key="-", status=status)) for status in ("2xx", "4xx", "5xx")
    }
    assert counted == {"2xx": 2, "4xx": 2, "5xx": 1}


def test_calls_are_in_the_access_log(publish: Publish) -> None:
    called = publish(access_log=True)
    called.unary(COUNT, metadata=[("x-request-id", "mine")])
    (line,) = [line for line in called.edge.log(1) if line.get("path") == COUNT]
    assert (line["id"], line["method"], line["status"]) == ("mine", "POST", 200)
