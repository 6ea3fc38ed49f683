from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from lading.runtime.deployments import Deployments

Ask = Callable[..., httpx.Response]

Request = dict[str, Any]


def tensor(name: str, datatype: str, shape: list[Any], data: object, **extra: object) -> Request:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data, **extra}


def cells(data: object, shape: list[Any] | None = None, **extra: object) -> Request:
    return {"inputs": [tensor("X", "FP32", [1, 4] if shape is None else shape, data)], **extra}


PENGUIN = [
    tensor("bill length", "FP64", [2, 1], [3.91, None]),
    tensor("mass", "FP64", [2, 1], [3.75, 4]),
    tensor("year", "INT64", [2, 1], [2007, 2008]),
    tensor("eggs", "FP64", [2], [1, None]),
    tensor("tagged", "BOOL", [2, 1], [True, False]),
    tensor("moulting", "FP64", [2, 1], [[0], [None]]),
    tensor("island", "BYTES", [2, 1], [["Torgersen"], ["Dream"]]),
    tensor("note", "BYTES", [2, 1], ["heavy", None]),
    tensor("band", "INT64", [2, 1], [1, 7]),
    tensor("seen", "BYTES", [2, 1], ["yes", None]),
]


def penguins(**changes: Request | None) -> Request:
    """The two penguins with some tensors changed, or left out where the change is None."""
    kept = [item for item in PENGUIN if changes.get(item["name"], item) is not None]
    return {"inputs": [item | (changes.get(item["name"]) or {}) for item in kept]}


def outputs(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return {output["name"]: output for output in response.json()["outputs"]}


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_tells_its_name_and_only_extensions_that_exist(ask: Ask, path: str) -> None:
    answer = ask(path).json()
    assert answer["name"] == "lading"
    offered = ["binary_tensor_data", "classification", "model_configuration", "parameters", "statistics"]
    assert answer["extensions"] == offered


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready", "/v2/health/ready/"])
def test_health_is_told_under_both_keys(ask: Ask, path: str) -> None:
    response = ask(path)
    assert (response.status_code, response.json()) == (200, {"live": True, "ready": True})
    assert response.headers["content-type"] == "application/json"


def test_the_models_are_listed(ask: Ask, deployments: Deployments) -> None:
    assert ask("/v2/models").json() == {"models": [model.name for model in deployments]}


@pytest.mark.parametrize("path", ["/v2/models/penguins", "/v2/models/penguins/versions/1.0.0"])
def test_metadata_tells_the_fields_of_a_frame_and_the_lineage(ask: Ask, path: str, deployments: Deployments) -> None:
    answer = ask(path).json()
    assert (answer["name"], answer["versions"], answer["platform"]) == ("penguins", ["1.0.0"], "onnx_onnxv1")
    datatypes = {item["name"]: item["datatype"] for item in answer["inputs"]}
    assert datatypes == {item["name"]: item["datatype"] for item in PENGUIN}
    assert all(item["shape"] == [-1, 1] for item in answer["inputs"])
    assert answer["outputs"] == [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]},
    ]
    properties = answer["properties"]
    assert all(isinstance(value, str) for value in properties.values())
    assert properties["digest"] == deployments.get("penguins").digest
    assert properties["data.digest"] == "sha256:" + "a" * 64
    assert properties["code.commit"] == "0" * 40
    assert orjson.loads(properties["output.label.classes"]) == ["Adelie", "Chinstrap", 'Gentoo "100%"']


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        pytest.param("cells", [("X", "FP32", [-1, 4])], id="a matrix"),
        pytest.param("coins", [("X", "FP64", [-1, 2])], id="a matrix of doubles"),
        pytest.param(
            "images",
            [("pixels", "FP32", [-1, 3, 4]), ("shift", "INT8", [-1]), ("caption", "BYTES", [-1, 1])],
            id="tensors",
        ),
    ],
)
def test_metadata_tells_the_inputs_of_the_graph(ask: Ask, name: str, inputs: list[Any]) -> None:
    told = ask(f"/v2/models/{name}").json()["inputs"]
    assert [(item["name"], item["datatype"], item["shape"]) for item in told] == inputs


@pytest.mark.parametrize("path", ["/v2/models/cells/ready", "/v2/models/cells/versions/1.0.0/ready"])
def test_a_deployed_model_is_ready(ask: Ask, path: str) -> None:
    assert ask(path).json() == {"name": "cells", "ready": True}


@pytest.mark.parametrize("path", ["/v2/models/cells/infer", "/v2/models/cells/versions/1.0.0/infer"])
def test_a_response_says_which_model_answered(ask: Ask, path: str, deployments: Deployments) -> None:
    response = ask(path, cells([1, 1, 1, 2], id="mine"))
    assert response.json() == {
        "model_name": "cells",
        "model_version": "1.0.0",
        "id": "mine",
        "outputs": [{"name": "variable", "shape": [1, 1], "datatype": "FP32", "data": [3.0]}],
    }
    assert response.headers["content-type"] == "application/json"
    assert response.headers["lading-bundle-digest"] == deployments.get("cells").digest


def test_an_id_is_made_where_none_is_given(ask: Ask) -> None:
    made = {ask("/v2/models/cells/infer", cells([1, 1, 1, 2])).json()["id"] for _ in range(3)}
    assert len(made) == 3
    assert all(isinstance(item, str) and item for item in made)


def test_the_fields_of_a_frame_are_tensors(ask: Ask) -> None:
    found = outputs(ask("/v2/models/penguins/infer", penguins()))
    assert found["label"]["data"] == ['Gentoo "100%"', "Chinstrap"]
    assert found["label"]["shape"] == [2]
    assert found["probabilities"]["shape"] == [2, 3]
    assert len(found["probabilities"]["data"]) == 6
    assert outputs(ask("/v2/models/penguins/infer", penguins(seen=None, note=None))).keys() == found.keys()


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        pytest.param([1, 1, 1, 2, 0, 0, 0, 1], [2, 4], id="flat"),
        pytest.param([[1, 1, 1, 2], [0, 0, 0, 1]], [2, 4], id="nested"),
    ],
)
def test_data_may_be_flat_or_nested_and_answers_are_flat(ask: Ask, data: object, shape: list[int]) -> None:
    assert outputs(ask("/v2/models/cells/infer", cells(data, shape)))["variable"]["data"] == [3.0, 0.5]


def test_a_coded_label_is_answered_by_name(ask: Ask) -> None:
    request = {"inputs": [tensor("X", "FP64", [3, 2], [1, 2, 2, 1, None, -1])]}
    label = outputs(ask("/v2/models/coins/infer", request))["label"]
    assert label == {"name": "label", "shape": [3], "datatype": "BOOL", "data": [True, False, False]}


@pytest.mark.parametrize("nested", [False, True])
def test_tensors_of_the_graph_are_taken_as_they_are(ask: Ask, nested: bool) -> None:
    pixels = np.arange(24.0).reshape(2, 3, 4)
    request = {
        "inputs": [
            tensor("caption", "BYTES", [2, 1], [["a: b"], ["c"]] if nested else ["a: b", "c"]),
            tensor("shift", "INT8", [2], [-128, 127]),
            tensor("pixels", "FP32", [2, 3, 4], (pixels if nested else pixels.ravel()).tolist()),
        ]
    }
    found = outputs(ask("/v2/models/images/infer", request))
    assert found["sums"]["data"] == pixels.sum(axis=1).ravel().tolist()
    assert found["again"] == {"name": "again", "shape": [2, 1], "datatype": "BYTES", "data": ["a: b", "c"]}
    assert found["shifted"]["data"] == [-128, 127]


@pytest.mark.parametrize(
    ("path", "request_", "shapes"),
    [
        pytest.param("cells", cells([], [0, 4]), {"variable": [0, 1]}, id="a matrix"),
        pytest.param(
            "penguins",
            {"inputs": [item | {"shape": [0, 1], "data": []} for item in PENGUIN]},
            {"label": [0], "probabilities": [0, 3]},
            id="a frame",
        ),
        pytest.param(
            "images",
            {
                "inputs": [
                    tensor("pixels", "FP32", [0, 3, 4], []),
                    tensor("shift", "INT8", [0], []),
                    tensor("caption", "BYTES", [0, 1], []),
                ]
            },
            {"sums": [0, 4], "again": [0, 1], "shifted": [0], "pair": [0, 2]},
            id="tensors",
        ),
    ],
)
def test_no_rows_get_no_answers(ask: Ask, path: str, request_: Request, shapes: dict[str, Any]) -> None:
    found = outputs(ask(f"/v2/models/{path}/infer", request_))
    assert {name: output["shape"] for name, output in found.items()} == shapes
    assert all(output["data"] == [] for output in found.values())


@pytest.mark.parametrize("years", [[2007.0, 2008.0], [2007, 2008.0], [[2007.0], [2008]]])
def test_a_float_that_is_whole_is_an_integer(ask: Ask, years: list[Any]) -> None:
    expected = outputs(ask("/v2/models/penguins/infer", penguins()))
    assert outputs(ask("/v2/models/penguins/infer", penguins(year={"data": years}))) == expected


def test_outputs_are_those_that_were_asked_for_in_that_order(ask: Ask) -> None:
    for names in (["probabilities"], ["probabilities", "label"]):
        request = penguins() | {"outputs": [{"name": name} for name in names]}
        assert list(outputs(ask("/v2/models/penguins/infer", request))) == names


def test_nan_is_null_and_infinity_is_refused(ask: Ask) -> None:
    request = {"inputs": [tensor("X", "FP64", [2, 1], [4, -1])]}
    assert outputs(ask("/v2/models/roots/infer", request))["root"]["data"] == [2.0, None]
    request = {"inputs": [tensor("X", "FP64", [2, 1], [4, 0])]}
    response = ask("/v2/models/roots/infer", request)
    assert response.status_code == 422
    assert response.json().keys() == {"error"}
    assert "row 1 is infinite" in response.json()["error"]


BAD_CELLS = [
    pytest.param(b"", "empty", id="nothing"),
    pytest.param(b"{", "not JSON", id="not JSON"),
    pytest.param([], "expected an object", id="a list"),
    pytest.param({}, "has no inputs", id="no inputs"),
    pytest.param({"inputs": {}}, "an object for its inputs", id="inputs that are no list"),
    pytest.param({"inputs": [1]}, "expected a list of objects", id="an input that is no object"),
    pytest.param({"inputs": []}, '"X" is missing', id="no input"),
    pytest.param({"inputs": [tensor("Y", "FP32", [1, 4], [1] * 4)]}, 'no input "Y"', id="an unknown input"),
    pytest.param({"inputs": [tensor("x", "FP32", [1, 4], [1] * 4)]}, 'inputs are "X"', id="a misspelt input"),
    pytest.param({"inputs": cells([1] * 4)["inputs"] * 2}, '"X" is given twice', id="an input twice"),
    pytest.param({"inputs": [{"datatype": "FP32"}]}, "no input null", id="an input without a name"),
    pytest.param(cells([1] * 4, id=5), "5 for its id", id="an id that is no text"),
    pytest.param(cells([1] * 4, outputs=[{"name": "Z"}]), 'no output "Z"', id="an unknown output"),
    pytest.param(cells([1] * 4, outputs=[{}]), "no output null", id="an output without a name"),
    pytest.param(cells([1] * 4, outputs={"name": "variable"}), "for its outputs", id="outputs that are no list"),
    pytest.param(cells([1] * 4, outputs={}), "for its outputs", id="outputs that are no list and empty"),
    pytest.param(cells([1] * 4, parameters={"timeout": False}), "timeout is false", id="a timeout that is no number"),
    pytest.param(
        cells([1] * 4, outputs=[{"name": "variable", "parameters": {"classification": 3}}]),
        "has no number for each class",
        id="classes of what has none",
    ),
    pytest.param(cells([1] * 4, parameters=[]), "expected an object", id="parameters that are no object"),
    pytest.param({"inputs": [tensor("X", "FP64", [1, 4], [1] * 4)]}, "expected FP32", id="another datatype"),
    pytest.param({"inputs": [tensor("X", "FP32", [1, 4], [1] * 4) | {"datatype": 32}]}, "has datatype 32", id="a datatype that is none"),
    pytest.param({"inputs": [{"name": "X", "shape": [1, 4]}]}, "has datatype null", id="no datatype"),
    pytest.param({"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4]}]}, "has no data", id="no data"),
    pytest.param({"inputs": [{"name": "X", "datatype": "FP32", "data": [1] * 4}]}, "for its shape", id="no shape"),
    pytest.param(cells([1] * 4, [4]), "has shape [4]", id="too few dimensions"),
    pytest.param(cells([1] * 4, [1, 1, 4]), "[1, 1, 4], expected [-1, 4]", id="too many dimensions"),
    pytest.param(cells([1] * 5, [1, 5]), "[1, 5], expected [-1, 4]", id="too many columns"),
    pytest.param(cells([1] * 4, [-1, 4]), "[-1, 4]", id="a negative extent"),
    pytest.param(cells([1] * 4, [2**62, 4]), "more than 2147483648 elements", id="an extent without bound"),
    pytest.param(cells([1] * 4, [True, 4]), "for its shape", id="an extent that is true"),
    pytest.param(cells([1] * 4, [1.0, 4]), "for its shape", id="an extent that is no integer"),
    pytest.param(cells([1] * 3), "has 3 values", id="too few values"),
    pytest.param(cells([1] * 8), "has 8 values", id="too many values"),
    pytest.param(cells("1111"), "expected a list", id="data that is no list"),
    pytest.param(cells([[1, 1, 1, 1], [1, 1, 1]], [2, 4]), "ragged: row 1 has 3 values", id="ragged rows"),
    pytest.param(cells([[1, 1, 1, 1], 5], [2, 4]), "ragged: row 1 has 5", id="a row that is no list"),
    pytest.param(cells([[1] * 4] * 2, [3, 4]), "has 2 rows of data", id="too few rows"),
    pytest.param(cells([[[1]] * 4]), "in row 0", id="nested too deep"),
    pytest.param(cells([1, 1, "1", 1]), '"1" in row 0, field "x2", expected a number', id="text"),
    pytest.param(cells([1, 1, True, 1]), "true in row 0", id="true for a number"),
    pytest.param(cells([1, 1, 1e300, 1]), '"x2", row 0', id="a number that the type cannot hold"),
    pytest.param(cells([1] * 7 + [None], [2, 4]), '"x3", row 1: is null', id="null where it is forbidden"),
    pytest.param(orjson.dumps(cells([1] * 4)).replace(b"[1,1", b"[NaN,1"), "NaN at", id="NaN"),
    pytest.param(orjson.dumps(cells([1] * 4)).replace(b"[1,1", b"[-Infinity,1"), "-Infinity at", id="infinity"),
    pytest.param(b'{"inputs":[],' + orjson.dumps(cells([1] * 4))[1:], '"inputs" is given twice', id="inputs twice"),
    pytest.param(
        orjson.dumps(cells([1] * 4)).replace(b'"shape"', b'"data":[],"shape"'), '"data" is given twice', id="data twice"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words"), BAD_CELLS)
def test_a_request_that_is_malformed_is_refused(ask: Ask, body: object, words: str) -> None:
    response = ask("/v2/models/cells/infer", body)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"
    assert response.json().keys() == {"error"}
    assert words in response.json()["error"]
    assert len(response.json()["error"]) < 500


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"mass": None}, '"mass" is missing', id="missing"),
        pytest.param({"mass": {"name": "mas"}}, 'did you mean "mass"', id="misspelt"),
        pytest.param({"mass": {"datatype": "FP32"}}, 'input "mass" has datatype "FP32", expected FP64', id="datatype"),
        pytest.param({"mass": {"name": "mas"}}, '"seen"; did you mean "mass"?', id="misspelt, after what there is"),
        pytest.param({"mass": {"shape": [2, 2]}}, "expected [-1, 1]", id="shape"),
        pytest.param({"mass": {"shape": [-1, 1]}}, "-1 is no extent; say how many rows", id="an open extent"),
        pytest.param({"mass": {"parameters": {"binary_data_size": 16}}}, "no header", id="binary data announced"),
        pytest.param(
            {"note": {"parameters": {"content_type": "base64"}, "data": ["aGk=", "aGk="]}},
            'has content_type "base64"; send the text itself',
            id="text in base64",
        ),
        pytest.param({"mass": {"shape": [1, 1], "data": [1]}}, '"mass" has 1 rows', id="another number of rows"),
        pytest.param({"mass": {"data": [1, None]}}, '"mass", row 1', id="null where it is forbidden"),
        pytest.param({"mass": {"data": [1, 1e300]}}, '"mass", row 1', id="a number that float32 cannot hold"),
        pytest.param({"year": {"data": [1, 2.5]}}, "2.5 in row 1, expected an integer", id="a fraction"),
        pytest.param(
            {"year": {"data": [1, 2.0**60]}}, "in row 1, expected an integer", id="a float that may be rounded"
        ),
        pytest.param({"year": {"data": [1.0, True]}}, "true in row 1, expected an integer", id="true for an integer"),
        pytest.param({"year": {"data": [1, 2**63]}}, "in row 1, expected an integer", id="beyond INT64"),
        pytest.param({"eggs": {"data": [1, 2.5]}}, '"eggs", row 1', id="a fraction where FP64 stands for integers"),
        pytest.param({"moulting": {"data": [1, 2]}}, '"moulting", row 1', id="two where FP64 stands for true"),
        pytest.param({"tagged": {"data": [True, 1]}}, "1 in row 1, expected true or false", id="a number for true"),
        pytest.param({"island": {"data": ["Dream", "Hawaii"]}}, '"island", row 1', id="unknown category"),
        pytest.param({"island": {"data": ["Dream", None]}}, '"island", row 1', id="null for a category"),
        pytest.param({"note": {"data": ["x", 5]}}, "5 in row 1, expected text", id="a number for text"),
    ],
)
def test_a_wrong_field_of_a_frame_is_refused(ask: Ask, changes: dict[str, Any], words: str) -> None:
    response = ask("/v2/models/penguins/infer", penguins(**changes))
    assert response.status_code == 400
    assert words in response.json()["error"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param([1, 0, 0.5], None, id="right"),
        pytest.param([-3.0, 1.0, None], None, id="missing where it may be"),
        pytest.param([1.5, 0, 0], '"count", row 0', id="a fraction for an integer"),
        pytest.param([1, 2, 0], '"flag", row 0', id="two for true or false"),
        pytest.param([None, 0, 0], '"count", row 0', id="null where it is forbidden"),
        pytest.param(["5", 0, 0], 'row 0, field "count", expected a number', id="text for a number"),
        pytest.param([1, 0, True], 'row 0, field "level", expected a number', id="true for a number"),
    ],
)
def test_a_matrix_holds_what_its_columns_are(ask: Ask, data: list[Any], words: str | None) -> None:
    response = ask("/v2/models/counts/infer", {"inputs": [tensor("X", "FP64", [1, 3], data)]})
    if words is None:
        assert outputs(response)["same"]["data"] == data
    else:
        assert response.status_code == 400
        assert words in response.json()["error"]


def test_an_output_is_asked_for_once(ask: Ask) -> None:
    request = cells([1] * 4) | {"outputs": [{"name": "variable"}, {"name": "variable"}]}
    response = ask("/v2/models/cells/infer", request)
    assert response.status_code == 400
    assert 'output "variable" is asked for twice' in response.json()["error"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        pytest.param("/v2/models/cell", "GET", 404, id="metadata of an unknown model"),
        pytest.param("/v2/models/cell/ready", "GET", 404, id="readiness of an unknown model"),
        pytest.param("/v2/models/cell/infer", "POST", 404, id="an unknown model"),
        pytest.param("/v2/models/cells/versions/2", "GET", 404, id="metadata of an unknown version"),
        pytest.param("/v2/models/cells/versions/2/infer", "POST", 404, id="an unknown version"),
        pytest.param("/v2/repository/index", "GET", 405, id="asking for the index with GET"),
        pytest.param("/v2/models/cell/stats", "GET", 404, id="statistics of an unknown model"),
        pytest.param("/v2/models/cells/versions/2/config", "GET", 404, id="the configuration of an unknown version"),
        pytest.param("/v2/models/cells/infer", "GET", 405, id="asking for an answer with GET"),
        pytest.param("/v2/models/cells/infer", "DELETE", 405, id="deleting an answer"),
        pytest.param("/v2/models/cells", "POST", 405, id="posting metadata"),
        pytest.param("/v2", "PUT", 405, id="putting a server"),
    ],
)
def test_what_is_not_there_is_answered_in_json(ask: Ask, path: str, method: str, status: int) -> None:
    response = ask(path, method=method)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    assert ("allow" in response.headers) is (status == 405)
