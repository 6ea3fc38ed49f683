"""The examples of TensorFlow Serving's own documentation of its REST API, with models like those that it names."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from onnx import helper

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.drafting import draft, graph, objects, one_number


def half_plus_two() -> Draft:
    """Half of a number, and two."""
    signature = one_number("x", "y", "x")
    nodes = [helper.make_node("Mul", ["x", "half"], ["h"]), helper.make_node("Add", ["h", "two"], ["y"])]
    constants = {"half": np.array(0.5), "two": np.array(2.0)}
    return draft("half_plus_two", signature, graph(nodes, signature, constants), {"x": np.array([1.0, 2.0])})


def sensors() -> Draft:
    """A text, a vector and a matrix in; the vector's sum and the text out."""
    signature = Signature(
        form="tensors",
        fields=(
            Field(name="tag", type="string", dtype="str", feed=Feed(input="tag")),
            Field(name="signal", type="number", dtype="float32", shape=(5,), feed=Feed(input="signal")),
            Field(name="sensor", type="number", dtype="float32", shape=(2, 2), feed=Feed(input="sensor")),
        ),
        inputs=(
            Tensor(name="tag", dtype="string", shape=("N",)),
            Tensor(name="signal", dtype="float32", shape=("N", 5)),
            Tensor(name="sensor", dtype="float32", shape=("N", 2, 2)),
        ),
        outputs=(
            Output(tensor=Tensor(name="sum", dtype="float32", shape=("N",)), meaning="tensor"),
            Output(tensor=Tensor(name="twice", dtype="float32", shape=("N", 2, 2)), meaning="tensor"),
            Output(tensor=Tensor(name="same", dtype="string", shape=("N",)), meaning="tensor"),
        ),
    )
    nodes = [
        helper.make_node("ReduceSum", ["signal", "axis"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sensor", "sensor"], ["twice"]),
        helper.make_node("Identity", ["tag"], ["same"]),
    ]
    columns = {
        "tag": objects("foo", "bar"),
        "signal": np.arange(10, dtype=np.float64).reshape(2, 5),
        "sensor": np.arange(8, dtype=np.float64).reshape(2, 2, 2),
    }
    return draft("sensors", signature, graph(nodes, signature, {"axis": np.array([1])}), columns)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    folder: Path = tmp_path_factory.mktemp("examples")
    paths = []
    for made in (half_plus_two(), sensors()):
        paths.append(folder / f"{made.name}.lading")
        write_bundle(made, paths[-1])
    return Application(Deployments.load(paths), Settings(v1_answers="tensorflow"))


def ask(app: Application, model: str, document: object) -> Any:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return await client.post(f"/v1/models/{model}:predict", json=document)

    response = asyncio.run(asked())
    assert response.status_code == 200, response.text
    return response.json()


def test_half_plus_two(app: Application) -> None:
    assert ask(app, "half_plus_two", {"instances": [1.0, 2.0, 5.0]}) == {"predictions": [2.5, 3.0, 4.5]}


ROWS = [
    {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
    {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]},
]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
ANSWERS = [
    {"sum": 15.0, "twice": [[2.0, 4.0], [6.0, 8.0]], "same": "foo"},
    {"sum": 15.0, "twice": [[8.0, 10.0], [12.0, 16.0]], "same": "bar"},
]


def test_rows(app: Application) -> None:
    assert ask(app, "sensors", {"instances": ROWS}) == {"predictions": ANSWERS}


def test_columns(app: Application) -> None:
    expected = {name: [row[name] for row in ANSWERS] for name in ANSWERS[0]}
    assert ask(app, "sensors", {"inputs": COLUMNS}) == {"outputs": expected}


def test_bytes(app: Application) -> None:
    coded = [row | {"tag": {"b64": base64.b64encode(str(row["tag"]).encode()).decode()}} for row in ROWS]
    document = {"signature_name": "serving_default", "instances": coded}
    assert ask(app, "sensors", document) == {"predictions": ANSWERS}
