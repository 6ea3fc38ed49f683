"""A million rows in one request: right answers in bounded memory, and small requests go on beside it."""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from lading.bundles.bundle import open_bundle
from lading.bundles.session import open_session
from lading.core.settings import MEBIBYTE
from tests.runtime.serving.conftest import Serving
from tests.runtime.serving.faults.memory import Watermark
from tests.runtime.serving.faults.open_loop import ask, open_loop, request

pytestmark = pytest.mark.faults

ROWS = 1_000_000
INFER = "/v2/models/cells/infer"
LIMIT = 64 * MEBIBYTE
SMALL = request("/models/cells/predict", b'{"x0": 1, "x1": 2, "x2": 3, "x3": 4}')
SMALL_RATE, SMALL_SECONDS = 50.0, 4.0
Array = NDArray[Any]


@pytest.fixture(scope="module")
def server(bundles: Mapping[str, Path]) -> Iterator[Serving]:
    """A server with two replicas."""
    serving = Serving([bundles["cells"]], "--replicas", "2")
    try:
        serving.ready()
        for _ in range(20):
            assert asyncio.run(ask(serving.port, SMALL, 0)).status == 200
        yield serving
    finally:
        serving.close()


@pytest.fixture(scope="module")
def idle(server: Serving) -> Watermark:
    """The memory of the server before it got anything large."""
    return Watermark(server)


@pytest.fixture(scope="module")
def rows() -> Array:
    """A million rows."""
    return np.random.default_rng(13).normal(size=(ROWS, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def expected(bundles: Mapping[str, Path], rows: Array) -> Array:
    """What ONNX Runtime says to them."""
    with open_bundle(bundles["cells"]) as bundle:
        session = open_session(bundle.read(bundle.manifest.graph.path))
    return np.asarray(session.run(None, {"X": rows})[0])


def as_json(rows: Array) -> tuple[bytes, dict[str, str]]:
    """The request of the Open Inference Protocol with the data in JSON, and its headers."""
    data = orjson.dumps(rows.reshape(-1), option=orjson.OPT_SERIALIZE_NUMPY)
    head = b'{"inputs": [{"name": "X", "shape": [%d, 4], "datatype": "FP32", "data": ' % len(rows)
    return head + data + b"}]}", {"content-type": "application/json"}


def as_binary(rows: Array) -> tuple[bytes, dict[str, str]]:
    """The same with the data in bytes, and the answer too."""
    tensor = {"name": "X", "shape": rows.shape, "datatype": "FP32", "parameters": {"binary_data_size": rows.nbytes}}
    head = orjson.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}})
    return head + rows.tobytes(), {"inference-header-content-length": str(len(head))}


def values_of(response: httpx.Response) -> Array:
    """The values of the one output of an answer."""
    cut = response.headers.get("inference-header-content-length")
    if cut is not None:
        return np.frombuffer(response.content[int(cut) :], np.float32)
    return np.array(orjson.loads(response.content)["outputs"][0]["data"], np.float32)


@pytest.mark.parametrize("form", [as_binary, as_json], ids=["binary", "json"])
def test_a_million_rows_are_answered_rightly_in_bounded_memory(
    form: Any, server: Serving, idle: Watermark, rows: Array, expected: Array
) -> None:
    body, headers = form(rows)
    idle.reset()
    begun = time.monotonic()
    response = httpx.post(f"http://127.0.0.1:{server.port}{INFER}", content=body, headers=headers, timeout=60)
    taken, rise = time.monotonic() - begun, idle.rise()
    allowed = 8 * len(body) + 256 * MEBIBYTE
    print(
        f"\n{form.__name__}: body {len(body) / MEBIBYTE:.1f} MiB, answer after {taken:.2f} s, "
        f"memory +{rise / MEBIBYTE:.0f} MiB of {allowed / MEBIBYTE:.0f} allowed"
    )
    assert response.status_code == 200, response.text[:500]
    assert values_of(response).tobytes() == expected.reshape(-1).tobytes()
    assert rise <= allowed


def ask_again(port: int, body: bytes, headers: Mapping[str, str], over: threading.Event, statuses: list[int]) -> None:
    """Send the same request one time after the other, until it is over; adds the statuses of the answers."""
    while not over.is_set():
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", INFER, body, headers)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        connection.close()


@pytest.mark.parametrize("form", [as_binary, as_json], ids=["binary", "json"])
def test_small_requests_go_on_beside_a_million_rows(form: Any, server: Serving, rows: Array) -> None:
    body, headers = form(rows)
    alone = asyncio.run(open_loop(server.port, SMALL, SMALL_RATE, SMALL_SECONDS))
    over, statuses = threading.Event(), list[int]()
    # In a thread, which waits for the socket: the small requests' own client must not be held up.
    large = threading.Thread(target=ask_again, args=[server.port, body, headers, over, statuses])
    large.start()
    small = asyncio.run(open_loop(server.port, SMALL, SMALL_RATE, SMALL_SECONDS))
    over.set()
    large.join()
    before, after = (asked.quantile(0.99, 200) * 1000 for asked in (alone, small))
    print(
        f"\nsmall requests: p50 {alone.quantile(0.5, 200) * 1000:.1f} ms, p99 {before:.1f} ms alone; beside "
        f"{len(statuses)} of a million rows as {form.__name__} p50 {small.quantile(0.5, 200) * 1000:.1f} ms, "
        f"p99 {after:.1f} ms = {after / before:.1f} x"
    )
    assert set(statuses) == {200}
    assert len(alone.of(200)) == len(alone.outcomes)
    assert len(small.of(200)) == len(small.outcomes), {one.status for one in small.outcomes}


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_what_is_over_the_limit_is_refused_before_it_is_held(chunked: bool, server: Serving, rows: Array) -> None:
    body, headers = as_json(np.concatenate([rows, rows]))
    assert len(body) > LIMIT
    pieces = (body[start : start + MEBIBYTE] for start in range(0, len(body), MEBIBYTE))
    watermark = Watermark(server)
    watermark.reset()
    begun = time.monotonic()
    response = httpx.post(
        f"http://127.0.0.1:{server.port}{INFER}", content=pieces if chunked else body, headers=headers, timeout=60
    )
    taken, rise = time.monotonic() - begun, watermark.rise()
    print(f"\n{len(body) / MEBIBYTE:.0f} MiB: {response.status_code} after {taken:.3f} s, {rise / MEBIBYTE:+.0f} MiB")
    # A body without a length is asked for one as soon as it outgrows the edge's buffer.
    assert response.status_code == (411 if chunked else 413)
    assert response.json()["error"]
    assert rise <= 64 * MEBIBYTE
