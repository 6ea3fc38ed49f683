"""The same bytes, hosted and at the client: one server beside the other, asked the same."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest

from tests.containers.conftest import Run, mounted
from tests.runtime.serving.conftest import Serving

REQUESTS = 2000
LARGE = 100_000
OWN = {"date", "x-request-id"}
"""Headers that are each answer's own."""
SETTINGS = {"LADING_REPLICAS": "1", "LADING_BODY_BYTES": "30000000"}
PENGUIN = {
    "bill length": 3.91,
    "mass": 3.75,
    "year": 2007,
    "eggs": 1,
    "tagged": True,
    "moulting": None,
    "island": "Torgersen",
    "note": "heavy",
    "band": 1,
    "seen": "once",
}


class Request(NamedTuple):
    """A request."""

    path: str
    body: bytes
    headers: Mapping[str, str]


@pytest.fixture(scope="module")
def addresses(run: Run, shelf: Path) -> Iterator[tuple[str, str]]:
    """Where the one and the other answer."""
    contained = run(volumes=mounted(shelf), environment=SETTINGS)
    hosted = Serving(sorted(shelf.iterdir()), **SETTINGS)
    try:
        hosted.ready()
        contained.ready()
        yield f"http://127.0.0.1:{hosted.port}", contained.url("")
    finally:
        hosted.close()


def test_every_answer_is_the_same_to_the_byte(addresses: tuple[str, str]) -> None:
    chance, statuses = random.Random(6), set[int]()
    with (
        httpx.Client(base_url=addresses[0], timeout=60) as one,
        httpx.Client(base_url=addresses[1], timeout=60) as other,
    ):
        for number in range(REQUESTS):
            asked = _large(number) if number % 500 == 0 else _asked(number, chance)
            here, there = (
                client.post(asked.path, content=asked.body, headers=asked.headers) for client in (one, other)
            )
            assert _told(here) == _told(there), asked
            statuses.add(here.status_code)
    assert {200, 400, 404} <= statuses


def _told(answer: httpx.Response) -> tuple[int, Mapping[str, str], bytes]:
    """The answer without what is its own: an id that it was given, and the time."""
    headers = {name: value for name, value in answer.headers.items() if name not in OWN}
    own = re.escape(answer.headers.get("x-request-id", "-").encode())
    return answer.status_code, headers, re.sub(own, b"ID", answer.content)


def _asked(number: int, chance: random.Random) -> Request:
    """A request of one of many kinds, right or wrong."""
    rows = chance.choice([0, 1, 1, 2, 7, 32])
    matrix = np.random.default_rng(number).normal(size=(rows, 4)).astype(np.float32)
    cells: list[Any] = [[_odd(value, chance) for value in row] for row in matrix.tolist()]
    penguins = [PENGUIN | {"bill length": chance.choice([None, 1.5, "x", 4.25]), "mass": chance.uniform(2, 7)}] * rows
    tensor = {"name": "X", "shape": [rows, 4], "datatype": "FP32"}
    kinds = {
        "/models/penguins/predict": penguins,
        "/v2/models/cells/infer": {"id": str(number), "inputs": [tensor | {"data": cells}]},
        "/v2/models/penguins/infer": {"inputs": [{"name": "mass", "shape": [1], "datatype": "FP64", "data": [number]}]},
        "/v1/models/cells:predict": {"instances": cells},
        "/models/cells/invocations": {"inputs": cells},
        "/models/nobody/predict": cells,
    }
    path = chance.choice([*kinds, "binary", "broken"])
    if path == "binary":
        return _binary(number, matrix)
    if path == "broken":
        return Request("/models/penguins/predict", json.dumps(penguins).encode()[: chance.randrange(1, 40)], {})
    return Request(path, json.dumps(kinds[path]).encode(), {"content-type": "application/json"})


def _odd(value: float, chance: random.Random) -> Any:
    """Mostly ``value``; now and then what is none."""
    return value if chance.random() > 0.03 else chance.choice([None, float("nan"), float("inf"), "x", 1e300])


def _binary(number: int, matrix: Any) -> Request:
    data = matrix.tobytes()
    tensor = {
        "name": "X",
        "shape": list(matrix.shape),
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(data)},
    }
    head = json.dumps(
        {"id": str(number), "inputs": [tensor], "parameters": {"binary_data_output": number % 2 == 0}}
    ).encode()
    headers = {"inference-header-content-length": str(len(head)), "content-type": "application/octet-stream"}
    return Request("/v2/models/cells/infer", head + data, headers)


def _large(number: int) -> Request:
    """Many rows, as JSON or as bytes."""
    matrix = np.random.default_rng(number).normal(size=(LARGE, 4)).astype(np.float32)
    if number % 1000:
        return _binary(number, matrix)
    tensor = {"name": "X", "shape": [LARGE, 4], "datatype": "FP32", "data": matrix.ravel().tolist()}
    return Request("/v2/models/cells/infer", json.dumps({"id": "large", "inputs": [tensor]}).encode(), {})
