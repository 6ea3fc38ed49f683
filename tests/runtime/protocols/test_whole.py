"""Models whose tensors are taken whole: a request is one call, and no extent of a tensor counts rows."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from onnx import helper

from lading.bundles.draft import write_bundle
from lading.bundles.session import reason_of
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.drafting import draft, graph

Ask = Callable[..., httpx.Response]

INFER, PREDICT = "/v2/models/mosaics/infer", "/models/mosaics/predict"

CALL: dict[str, Any] = {
    "pixels": [[1.5, None, 3]],
    "shift": -1,
    "marks": [2**63 - 1],
    "captions": [["a"], ["b"]],
    "nothing": [[]],
}
ANSWER: dict[str, Any] = {
    "moved": [[0.5, None, 2.0]],
    "sum": None,
    "first": 2**63 - 1,
    "again": [["a"], ["b"]],
    "still": [[]],
}


def request(**changes: Any) -> dict[str, Any]:
    """The call as tensors with their shapes, some of them changed, or left out where the change is None."""
    tensors = {
        "pixels": {"datatype": "FP32", "shape": [1, 3], "data": CALL["pixels"]},
        "shift": {"datatype": "FP32", "shape": [], "data": [-1]},
        "marks": {"datatype": "INT64", "shape": [1], "data": CALL["marks"]},
        "captions": {"datatype": "BYTES", "shape": [2, 1], "data": ["a", "b"]},
        "nothing": {"datatype": "BOOL", "shape": [1, 0, 2], "data": []},
    }
    given = {name: changes.get(name, tensor) for name, tensor in tensors.items()}
    return {
        "inputs": [{"name": name, **tensors[name], **tensor} for name, tensor in given.items() if tensor is not None]
    }


def test_the_metadata_has_the_graphs_own_shapes(ask: Ask) -> None:
    told = ask("/v2/models/mosaics").json()
    assert {tensor["name"]: tensor["shape"] for tensor in told["inputs"]} == {
        "pixels": [-1, -1], "shift": [], "marks": [-1], "captions": [2, 1], "nothing": [-1, 0, 2],
    }  # fmt: skip
    assert {tensor["name"]: tensor["shape"] for tensor in told["outputs"]} == {
        "moved": [-1, -1], "sum": [], "first": [1], "again": [2, 1], "still": [-1, 0, 2],
    }  # fmt: skip


def test_a_call_is_answered_with_the_graphs_own_shapes(ask: Ask) -> None:
    found = {tensor["name"]: (tensor["shape"], tensor["data"]) for tensor in ask(INFER, request()).json()["outputs"]}
    assert found == {
        "moved": ([1, 3], [0.5, None, 2.0]),
        "sum": ([], [None]),
        "first": ([1], [2**63 - 1]),
        "again": ([2, 1], ["a", "b"]),
        "still": ([1, 0, 2], []),
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"pixels": {"shape": [3]}}, "has shape [3], expected [-1, -1]", id="rank counts"),
        pytest.param({"pixels": {"shape": [2, 3]}}, "is ragged: 1 values where the shape says 2", id="too few lists"),
        pytest.param(
            {"pixels": {"shape": [2, 3], "data": [1, 2]}}, "has 2 values, its shape [2, 3] describes 6", id="few"
        ),
        pytest.param({"pixels": {"shape": [-1, 3]}}, "-1 is no extent; say how many elements there are", id="open"),
        pytest.param({"pixels": {"data": [[1, 2], [3]]}}, "is ragged", id="ragged"),
        pytest.param({"pixels": {"data": [1, "2", 3]}}, 'has "2" as value 1, expected a number', id="text"),
        pytest.param({"captions": {"shape": [3, 1]}}, "has shape [3, 1], expected [2, 1]", id="a closed extent"),
        pytest.param({"captions": {"shape": [1, 2, 1]}}, "expected [2, 1]", id="a dimension for rows"),
        pytest.param({"shift": {"shape": [1]}}, "has shape [1], expected []", id="a single value has no extents"),
        pytest.param({"shift": None}, 'input "shift" is missing', id="an input left out"),
        pytest.param({"marks": {"data": [None]}}, "has null as value 0, expected an integer", id="null for an integer"),
        pytest.param({"pixels": {"data": [1e39, 0, 0]}}, "1e+39 does not fit into float32", id="too large"),
    ],
)
def test_a_wrong_tensor_is_named(ask: Ask, changes: dict[str, Any], words: str) -> None:
    response = ask(INFER, request(**changes))
    assert response.status_code == 400
    assert words in response.json()["error"]


def test_calls_are_answered_one_by_one(ask: Ask) -> None:
    assert ask(PREDICT, CALL).json() == ANSWER
    other = CALL | {"shift": 2}
    answers = ask(PREDICT, [CALL, other]).json()
    assert answers == [ANSWER, ANSWER | {"moved": [[3.5, None, 5.0]]}]


@pytest.mark.parametrize(
    ("call", "field", "words"),
    [
        pytest.param({k: v for k, v in CALL.items() if k != "pixels"}, "pixels", "is not there", id="left out"),
        pytest.param(CALL | {"pixels": None}, "pixels", "is null; send height by width values", id="null"),
        pytest.param(CALL | {"captions": [["a"]]}, "captions", "expected 2 by 1 values, found 1 by 1", id="short"),
    ],
)
def test_a_wrong_field_is_named(ask: Ask, call: dict[str, Any], field: str, words: str) -> None:
    response = ask(PREDICT, call)
    assert (response.status_code, response.json()["field"]) == (400, field)
    assert words in response.json()["error"]


def test_answers_that_fit_into_no_one_tensor_are_refused(tmp_path: Path) -> None:
    found = Tensor(name="places", dtype="int64", shape=(1, "found"))
    signature = Signature(
        form="whole",
        fields=(Field(name="flags", type="boolean", dtype="bool", shape=(3,), feed=Feed(input="flags")),),
        inputs=(Tensor(name="flags", dtype="bool", shape=(3,)),),
        outputs=(Output(tensor=found, meaning="tensor"),),
    )
    model = graph([helper.make_node("NonZero", ["flags"], ["places"])], signature)
    path = tmp_path / "places.lading"
    write_bundle(draft("places", signature, model, {"flags": np.array([[True, False, True]])}), path)
    app = Application(Deployments.load([path]), Settings())

    async def asked(body: object) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return await client.post("/models/places/predict", json=body)

    few, many = {"flags": [False, True, False]}, {"flags": [True, True, True]}
    assert asyncio.run(asked([few, few])).json() == [{"places": [[1]]}] * 2
    assert asyncio.run(asked(many)).json() == {"places": [[0, 1, 2]]}
    refused = asyncio.run(asked([few, many]))
    assert refused.status_code == 422
    assert "'places' has shape [1, 1] for one row and [1, 3] for another; ask for each alone" in refused.json()["error"]


def test_values_that_the_graph_refuses_are_the_fault_of_who_sent_them(ask: Ask) -> None:
    call = CALL | {"marks": []}  # of which the graph wants the first
    for path, body in ((PREDICT, call), ("/v1/models/mosaics:predict", {"instances": [call]})):
        response = ask(path, body)
        assert response.status_code == 400
        assert "indices element out of data bounds" in response.json()["error"]
    assert ask(PREDICT, CALL).status_code == 200


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param("FAIL : while running. Status Message: no such index", "no such index", id="what was found"),
        pytest.param("Status Message: /src/core/math.h:63 void Init(int) was false", "", id="a path"),
        pytest.param("Status Message: matmul_helper.h:59 mismatch", "", id="a file"),
        pytest.param("Status Message: onnxruntime::Broadcast was false", "", id="a name in the sources"),
    ],
)
def test_the_sources_of_the_runtime_are_not_shown(said: str, reason: str) -> None:
    assert reason_of(said) == reason
