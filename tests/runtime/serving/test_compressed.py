"""Compression on the wire: the true client of the Open Inference Protocol, through an edge, and both ways of a replica."""

import gzip
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.serving.answering import Answering, Fronted, fronted, replies

ON = Settings(compressed_bodies=True, body_bytes=1_000_000)
ROWS = 2000
ROW = b'{"x0": 1, "x1": 2, "x2": 3, "x3": 4}'
LAST = b"GET /v2/health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
ENCODERS: Mapping[bytes, Callable[[bytes], bytes]] = {b"gzip": gzip.compress, b"deflate": zlib.compress}


@pytest.fixture(scope="module")
def app(bundles: dict[str, Path]) -> Application:
    return Application(Deployments.load([bundles["cells"]]), ON)


@pytest.fixture(scope="module")
def edge(app: Application) -> Iterator[Fronted[Application]]:
    with fronted(app, ON) as one:
        yield one


def post(body: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"POST /models/cells/predict HTTP/1.1", b"Host: a", *headers, length, b"", body])


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "JSON"])
@pytest.mark.parametrize("answered", ["gzip", "deflate", None])
@pytest.mark.parametrize("asked", ["gzip", "deflate", None])
def test_the_client_of_the_protocol_may_compress_both_ways(
    edge: Fronted[Application], asked: str | None, answered: str | None, binary: bool
) -> None:
    rows = np.arange(4 * ROWS, dtype=np.float32).reshape(ROWS, 4)
    given = triton.InferInput("X", list(rows.shape), "FP32")
    given.set_data_from_numpy(rows, binary_data=binary)
    (name,) = [output.tensor.name for output in edge.replica.app.deployments.get("cells").signature.outputs]
    wanted = [triton.InferRequestedOutput(name, binary_data=binary)]
    with triton.InferenceServerClient(f"127.0.0.1:{edge.port}") as client:
        result = client.infer(
            "cells",
            [given],
            outputs=wanted,
            request_compression_algorithm=asked,
            response_compression_algorithm=answered,
        )
    model = edge.replica.app.deployments.get("cells")
    assert np.array_equal(result.as_numpy(name), model.run({"X": rows})[name])


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
@pytest.mark.parametrize("rows", [1, 200], ids=["one row", "many"])
def test_both_ways_of_a_replica_say_the_same(app: Application, coding: bytes, rows: int) -> None:
    body = b"[" + b",".join([ROW] * rows) + b"]"
    accept = b"Accept-Encoding: " + coding
    packed = ENCODERS[coding](body)
    sent = post(body, accept) + post(packed, accept, b"Content-Encoding: " + coding) + LAST
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        said = []
        for short in (True, False):
            one = Answering(app, Path(folder) / f"{short}", short)
            said.append(one.says(sent))
            one.stop()
    assert said[0] == said[1]
    assert said[0].count(b"HTTP/1.1 200 OK") == 3
    assert said[0].count(b"content-encoding: " + coding) == (0 if rows == 1 else 2)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param([b"Content-Encoding: gzip", b"Content-Encoding: gzip"], 415, id="two codings"),
        pytest.param([b"Content-Encoding: gzip", b"Content-Encoding: identity"], 415, id="two that differ"),
        pytest.param([b"Content-Encoding: gzip, gzip"], 415, id="two in one header"),
        pytest.param([b"Content-Encoding: gzip"], 413, id="a bomb"),
    ],
)
def test_what_cannot_be_read_is_refused_through_the_edge(
    edge: Fronted[Application], headers: list[bytes], status: int
) -> None:
    bomb = gzip.compress(bytes(100 << 20))
    found, *_ = replies(edge.says(post(bomb, *headers, b"Connection: close")))
    assert found[0] == status
    assert edge.replica.app.intake.held == 0
