"""Acceptance: each tenth of the cases that are answered, over HTTP, from one application that serves them all."""

import asyncio
import json
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.onnx_cases.asking import EQUAL, Array, Outcome, same

pytestmark = [pytest.mark.cases, pytest.mark.timeout(1200)]

EACH = 10
LEAST = 150
INFINITE, HALF = "infini", "fp16"
"""What JSON, and the protocol's JSON, cannot say; a refusal has one of the words."""

LENGTH = "inference-header-content-length"

WORDS = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "object": "BYTES"}
"""The protocol's words for types that it does not call by their own names."""

Ask = Callable[[httpx.AsyncClient, str, Outcome], Awaitable[str]]


@pytest.fixture(scope="module")
def asked(outcomes: list[Outcome]) -> dict[str, Outcome]:
    """Each tenth of the cases that are answered, by the name of its bundle."""
    answered = [(f"case-{number:04}", outcome) for number, outcome in enumerate(outcomes) if outcome.kind == EQUAL]
    return dict(answered[::EACH])


@pytest.fixture(scope="module")
def app(asked: dict[str, Outcome], folder: Path) -> Application:
    """The application that serves them."""
    return Application(Deployments.load([folder / f"{name}.lading" for name in asked]), Settings())


def counted(app: Application, asked: dict[str, Outcome], ask: Ask) -> Counter[str]:
    """What came of asking each, and how often."""

    async def every() -> list[str]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return [await ask(client, name, outcome) for name, outcome in asked.items()]

    return Counter(asyncio.run(every()))


def of(outcome: Outcome) -> tuple[dict[str, Array], list[Array]]:
    """What is sent, and what has to come back."""
    assert outcome.answers is not None
    return {name: np.asarray(value) for name, value in outcome.case.feeds.items()}, outcome.answers


def judged(outcome: Outcome, response: httpx.Response, found: Sequence[Any], reasons: Collection[str]) -> str:
    """``equal``; or ``refused``, for one of the ``reasons`` that there are; or else what is wrong."""
    expected = of(outcome)[1]
    if response.status_code == 200 and not reasons and len(found) == len(expected) and all(map(same, found, expected)):
        return "equal"
    if response.status_code in (400, 422) and any(reason in response.json()["error"].lower() for reason in reasons):
        return "refused"
    return f"{outcome.case.name}: {response.status_code} {response.content[:200]!r}"


def plain(values: Array) -> Any:
    """The values in lists, None for NaN."""
    cells = values.astype(object)
    if values.dtype.kind == "f":
        cells[np.isnan(values)] = None
    return cells.tolist()


def typed(data: Any, shape: Sequence[int], like: Array) -> Array:
    """What came as JSON, in the type that was expected."""
    flat = np.array(data, dtype=object).reshape(-1)
    return np.array([np.nan if value is None else value for value in flat], dtype=like.dtype).reshape(shape)


def unsayable(arrays: Sequence[Array]) -> set[str]:
    """What keeps the arrays from being tensors in JSON."""
    infinite = any(values.dtype.kind == "f" and np.isinf(values).any() for values in arrays)
    half = any(values.dtype == np.float16 for values in arrays)
    return ({INFINITE} if infinite else set()) | ({HALF} if half else set())


async def as_tensors(client: httpx.AsyncClient, name: str, outcome: Outcome) -> str:
    feeds, expected = of(outcome)
    inputs = [
        {"name": key, "shape": list(values.shape), "datatype": word(values), "data": plain(values.reshape(-1))}
        for key, values in feeds.items()
    ]
    response = await client.post(f"/v2/models/{name}/infer", content=json.dumps({"inputs": inputs}))
    outputs = response.json().get("outputs", [])
    found = [typed(told["data"], told["shape"], like) for told, like in zip(outputs, expected, strict=False)]
    if outputs and [told["name"] for told in outputs] != outcome.case.outputs:
        found = []
    return judged(outcome, response, found, unsayable([*feeds.values(), *expected]))


async def as_bytes(client: httpx.AsyncClient, name: str, outcome: Outcome) -> str:
    feeds, expected = of(outcome)
    packed = {key: in_bytes(values) for key, values in feeds.items()}
    inputs = [
        {
            "name": key,
            "shape": list(values.shape),
            "datatype": word(values),
            "parameters": {"binary_data_size": len(packed[key])},
        }
        for key, values in feeds.items()
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    response = await client.post(
        f"/v2/models/{name}/infer", content=b"".join((head, *packed.values())), headers={LENGTH: str(len(head))}
    )
    if response.status_code != 200:
        return judged(outcome, response, [], ())
    end = int(response.headers[LENGTH])
    outputs, data = json.loads(response.content[:end])["outputs"], response.content[end:]
    found = []
    for told, like in zip(outputs, expected, strict=True):
        size = told["parameters"]["binary_data_size"]
        found.append(of_bytes(data[:size], told["shape"], like))
        data = data[size:]
    if data or [told["name"] for told in outputs] != outcome.case.outputs:
        found = []
    return judged(outcome, response, found, ())


def in_bytes(values: Array) -> bytes:
    if values.dtype != object:
        return values.astype(values.dtype.newbyteorder("<")).tobytes()
    texts = [text.encode() for text in values.reshape(-1).tolist()]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def of_bytes(data: bytes, shape: Sequence[int], like: Array) -> Array:
    """What came as bytes, in the type that was expected."""
    if like.dtype != object:
        return np.frombuffer(data, like.dtype.newbyteorder("<")).astype(like.dtype).reshape(shape)
    texts = []
    while data:
        end = 4 + struct.unpack_from("<I", data)[0]
        texts.append(data[4:end].decode())
        data = data[end:]
    return np.array(texts, dtype=object).reshape(shape)


async def as_fields(client: httpx.AsyncClient, name: str, outcome: Outcome) -> str:
    feeds, expected = of(outcome)
    body = json.dumps({key: plain(values) for key, values in feeds.items()})
    response = await client.post(f"/models/{name}/predict", content=body)
    answer = response.json()
    found = [
        typed(answer[key], like.shape, like)
        for key, like in zip(outcome.case.outputs, expected, strict=True)
        if key in answer
    ]
    return judged(outcome, response, found, unsayable([*feeds.values(), *expected]) - {HALF})


def word(values: Array) -> str:
    return WORDS.get(values.dtype.name, values.dtype.name.upper())


@pytest.mark.parametrize(
    ("ask", "refused"),
    [
        pytest.param(as_tensors, {"refused"}, id="tensors in JSON"),
        pytest.param(as_bytes, set(), id="tensors in bytes, which say everything"),
        pytest.param(as_fields, {"refused"}, id="named fields"),
    ],
)
def test_each_tenth_is_answered_alike(
    app: Application, asked: dict[str, Outcome], ask: Ask, refused: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    counts = counted(app, asked, ask)
    with capsys.disabled():
        print(f"\n{ask.__name__}: {dict(counts)}")
    assert counts.keys() <= {"equal", *refused}
    assert counts["equal"] >= LEAST
    assert counts.total() == len(asked)
