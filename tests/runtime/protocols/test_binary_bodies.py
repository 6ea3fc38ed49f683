"""Requests and responses with bytes behind their JSON, requests of nothing but bytes, and what is wrong with either."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from lading.bundles.tensors.binary import DTYPES, pack, unpack
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.inference_schemas import example_request

Ask = Callable[..., httpx.Response]
HEADER = "inference-header-content-length"
NAN, INF = float("nan"), float("inf")


def body(inputs: Sequence[dict[str, Any]], *data: bytes, **more: object) -> tuple[bytes, dict[str, str]]:
    """A body with ``data`` behind its JSON, and the header that says where."""
    text = orjson.dumps({"inputs": inputs, **more})
    return b"".join((text, *data)), {HEADER: str(len(text))}


def binary(name: str, datatype: str, shape: Sequence[int], size: int, **more: object) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), "parameters": {"binary_data_size": size}, **more}


def asked(ask: Ask, model: str, inputs: Sequence[dict[str, Any]], *data: bytes, **more: object) -> httpx.Response:
    content, headers = body(inputs, *data, **more)
    return ask(f"/v2/models/{model}/infer", content, headers=headers)


def read(response: httpx.Response) -> dict[str, Any]:
    """The outputs by name: arrays where they came as bytes, lists where they came as JSON."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/octet-stream"
    end = int(response.headers[HEADER])
    left, found = response.content[end:], {}
    for output in orjson.loads(response.content[:end])["outputs"]:
        found[output["name"]] = output.get("data")
        if "parameters" in output:
            size = output["parameters"]["binary_data_size"]
            count = int(np.prod(output["shape"]))
            found[output["name"]] = unpack(output["datatype"], left[:size], count).reshape(output["shape"])
            left = left[size:]
    assert left == b""
    return found


MATRIX = np.array([[1, 1, 1, 2], [0, 0, 0, 1]], np.float32)
IN_BYTES = {"parameters": {"binary_data_output": True}}


def test_bytes_in_and_json_out(ask: Ask) -> None:
    response = asked(ask, "cells", [binary("X", "FP32", [2, 4], 32)], MATRIX.tobytes())
    assert response.headers["content-type"] == "application/json"
    assert HEADER not in response.headers
    assert response.json()["outputs"][0]["data"] == [3.0, 0.5]


def test_json_in_and_bytes_out(ask: Ask) -> None:
    request = {"inputs": [{"name": "X", "datatype": "FP32", "shape": [2, 4], "data": MATRIX.tolist()}], **IN_BYTES}
    found = read(ask("/v2/models/cells/infer", request))
    np.testing.assert_array_equal(found["variable"], np.array([[3], [0.5]], np.float32))


def test_the_header_says_where_the_json_ends_even_where_nothing_follows(ask: Ask) -> None:
    inputs = [{"name": "X", "datatype": "FP32", "shape": [2, 4], "data": MATRIX.tolist()}]
    assert asked(ask, "cells", inputs).json()["outputs"][0]["data"] == [3.0, 0.5]


def test_inputs_as_bytes_and_as_json_mix_and_bytes_come_in_the_order_of_the_list(ask: Ask) -> None:
    pixels = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    texts = pack(np.array(["a: b", "ü"], object))
    inputs = [
        binary("caption", "BYTES", [2, 1], len(texts)),
        {"name": "shift", "datatype": "INT8", "shape": [2], "data": [-128, 127]},
        binary("pixels", "FP32", [2, 3, 4], 96),
    ]
    outputs = [
        {"name": "sums", "parameters": {"binary_data": True}},
        {"name": "shifted"},
        {"name": "again", "parameters": {"binary_data": True}},
    ]
    found = read(asked(ask, "images", inputs, texts, pixels.tobytes(), outputs=outputs))
    assert list(found) == ["sums", "shifted", "again"]
    np.testing.assert_array_equal(found["sums"], pixels.sum(axis=1))
    assert found["again"].tolist() == [["a: b"], ["ü"]]
    assert found["shifted"] == [-128, 127]


@pytest.mark.parametrize(
    ("everything", "one", "is_binary"),
    [(True, None, True), (True, False, False), (False, True, True), (False, None, False), (None, True, True)],
)
def test_the_setting_of_an_output_wins(ask: Ask, everything: bool | None, one: bool | None, is_binary: bool) -> None:
    wanted = {"name": "variable"} | ({} if one is None else {"parameters": {"binary_data": one}})
    more = {} if everything is None else {"parameters": {"binary_data_output": everything}}
    response = asked(ask, "cells", [binary("X", "FP32", [2, 4], 32)], MATRIX.tobytes(), outputs=[wanted], **more)
    assert (HEADER in response.headers) is is_binary


def test_nan_and_infinities_are_exact_both_ways(ask: Ask) -> None:
    given = np.array([[4.0], [-1.0], [0.0], [NAN]])
    fed = asked(ask, "roots", [binary("X", "FP64", [4, 1], 32)], given.tobytes(), **IN_BYTES)
    assert fed.status_code == 400  # the model's field takes no NaN, in any form
    found = read(asked(ask, "roots", [binary("X", "FP64", [3, 1], 24)], given[:3].tobytes(), **IN_BYTES))
    np.testing.assert_array_equal(found["root"], [[2.0], [NAN], [0.0]])
    np.testing.assert_array_equal(found["log"], [[np.log(4.0)], [NAN], [-INF]])
    odds = np.array([[NAN, INF], [-INF, 0.5]])
    kept = read(asked(ask, "coins", [binary("X", "FP64", [2, 2], 32)], odds.tobytes(), **IN_BYTES))
    assert kept["label"].tolist() == [True, True]


def test_a_coded_label_goes_out_as_the_classes_in_bytes(ask: Ask) -> None:
    given = np.array([[1.0, 2.0], [2.0, 1.0]])
    found = read(asked(ask, "coins", [binary("X", "FP64", [2, 2], 32)], given.tobytes(), **IN_BYTES))
    assert (found["label"].dtype, found["label"].tolist()) == (np.bool_, [True, False])


def test_no_rows_are_no_bytes(ask: Ask) -> None:
    assert read(asked(ask, "cells", [binary("X", "FP32", [0, 4], 0)], **IN_BYTES))["variable"].shape == (0, 1)


@pytest.mark.parametrize("model", ["penguins", "cells", "coins", "counts", "images", "mosaics"])
def test_bytes_are_answered_as_json_is(ask: Ask, deployments: Deployments, model: str) -> None:
    deployed = deployments.get(model)
    rows: Any = [row for row in deployed.golden.records(deployed.signature) if None not in row.values()][:1]
    request: Any = example_request(InferenceDialect(deployed), rows)
    inputs, data = [], []
    for tensor in request["inputs"]:
        word, values = tensor["datatype"], tensor["data"]
        data.append(pack(np.array(values, object if word == "BYTES" else DTYPES[word])))
        inputs.append(binary(tensor["name"], word, tensor["shape"], len(data[-1])))
    found = read(asked(ask, model, inputs, *data, **IN_BYTES))
    for output in ask(f"/v2/models/{model}/infer", request).json()["outputs"]:
        expected = np.array(output["data"], found[output["name"]].dtype).reshape(output["shape"])
        np.testing.assert_array_equal(found[output["name"]], expected)


def test_a_body_may_be_nothing_but_the_bytes_of_the_one_input(ask: Ask) -> None:
    response = ask("/v2/models/cells/infer", MATRIX.tobytes(), headers={HEADER: "0"})
    np.testing.assert_array_equal(read(response)["variable"], np.array([[3], [0.5]], np.float32))
    assert read(ask("/v2/models/cells/infer", b"", headers={HEADER: "0"}))["variable"].shape == (0, 1)


@pytest.mark.parametrize(
    ("model", "content", "words"),
    [
        pytest.param("cells", b"12345", "has 5 bytes of data", id="half a row"),
        pytest.param("penguins", b"", "are for models of one input, this one has 10", id="a frame of several fields"),
        pytest.param("images", b"", "this one has 3: ", id="several tensors"),
    ],
)
def test_bytes_alone_that_do_not_say_what_they_are_are_refused(
    ask: Ask, model: str, content: bytes, words: str
) -> None:
    response = ask(f"/v2/models/{model}/infer", content, headers={HEADER: "0"})
    assert response.status_code == 400
    assert words in response.json()["error"]


ONE = MATRIX[:1].tobytes()


@pytest.mark.parametrize(
    ("inputs", "data", "words"),
    [
        pytest.param([binary("X", "FP32", [1, 4], 15)], ONE, "16 bytes follow the JSON", id="a size too small"),
        pytest.param([binary("X", "FP32", [1, 4], 17)], ONE, "only 16 bytes are left", id="a size too large"),
        pytest.param([binary("X", "FP32", [1, 4], -1)], ONE, "-1 for its binary_data_size", id="a negative size"),
        pytest.param([binary("X", "FP32", [1, 4], 16) | {"parameters": {"binary_data_size": "16"}}], ONE, '"16" for its', id="a size that is text"),
        pytest.param([binary("X", "FP32", [1, 4], 16) | {"parameters": {"binary_data_size": True}}], ONE, "true for its", id="a size that is true"),
        pytest.param([binary("X", "FP32", [2, 4], 16)], ONE, "8 values of FP32 are 32", id="fewer bytes than the shape"),
        pytest.param([binary("X", "FP32", [1, 4], 16, data=[1, 2, 3, 4])], ONE, "both data and", id="data twice"),
        pytest.param([binary("X", "FP32", [1, 4], 16)], ONE + b"!", "17 bytes follow", id="bytes of nobody"),
        pytest.param([binary("X", "FP32", [2**31, 2**31], 16)], ONE, "more than 2147483648", id="too many elements"),
        pytest.param([binary("X", "FP32", [-1, 4], 16)], ONE, "-1 is no extent", id="a negative extent"),
        pytest.param([binary("X", "BF16", [1, 4], 8)], ONE[:8], 'datatype "BF16", expected FP32', id="BF16"),
        pytest.param([binary("Y", "FP32", [1, 4], 16)], ONE, 'no input "Y"', id="an unknown input"),
        pytest.param([binary("X", "FP32", [1, 4], 16)] * 2, ONE * 2, "given twice", id="an input twice"),
        pytest.param([{"name": "X", "datatype": "FP32", "shape": [1, 4]}], ONE, "16 bytes follow", id="no size"),
    ],
)  # fmt: skip
def test_bytes_that_are_not_what_the_json_says_are_refused(
    ask: Ask, inputs: list[dict[str, Any]], data: bytes, words: str
) -> None:
    response = asked(ask, "cells", inputs, data)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"
    assert words in response.json()["error"]


@pytest.mark.parametrize("length", ["x", "-1", "1.5", "+5", "9" * 13, ""])
def test_a_header_that_is_no_length_is_refused(ask: Ask, length: str) -> None:
    response = ask("/v2/models/cells/infer", b"{}", headers={HEADER: length})
    assert response.status_code == 400
    assert "expected the bytes of the JSON" in response.json()["error"]


def test_a_header_that_says_more_than_the_body_is_refused(ask: Ask) -> None:
    response = ask("/v2/models/cells/infer", b"{}", headers={HEADER: "3"})
    assert (response.status_code, response.json()["error"]) == (
        400,
        f"the header {HEADER} is 3, the whole body has 2 bytes",
    )


def test_bytes_without_the_header_are_refused(ask: Ask) -> None:
    content, _ = body([binary("X", "FP32", [1, 4], 16)])
    response = ask("/v2/models/cells/infer", content)
    assert response.status_code == 400
    assert f"no header {HEADER} says where the bytes begin" in response.json()["error"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"parameters": {"binary_data_output": 1}}, "1 for its binary_data_output"),
        ({"outputs": [{"name": "variable", "parameters": {"binary_data": "yes"}}]}, '"yes" for its binary_data'),
    ],
)
def test_a_wish_that_is_neither_true_nor_false_is_refused(ask: Ask, more: dict[str, Any], words: str) -> None:
    response = asked(ask, "cells", [binary("X", "FP32", [1, 4], 16)], ONE, **more)
    assert response.status_code == 400
    assert words in response.json()["error"]


def classified(ask: Ask, count: object, **parameters: object) -> httpx.Response:
    wanted = {"name": "odds", "parameters": {"classification": count, **parameters}}
    inputs = [{"name": "X", "datatype": "FP64", "shape": [2, 2], "data": [1, 1, 0, 700]}]
    return ask("/v2/models/coins/infer", {"inputs": inputs, "outputs": [wanted]})


def test_the_best_classes_are_texts_of_value_index_and_label(ask: Ask) -> None:
    assert classified(ask, 1).json()["outputs"] == [
        {"name": "odds", "shape": [2, 1], "datatype": "BYTES", "data": ["0.5:0:false", "1.0:1:true"]}
    ]
    assert classified(ask, 9).json()["outputs"][0]["shape"] == [2, 2]
    found = read(classified(ask, 2, binary_data=True))
    assert found["odds"].tolist()[0] == ["0.5:0:false", "0.5:1:true"]
    assert found["odds"].tolist()[1][0] == "1.0:1:true"


@pytest.mark.parametrize("count", [0, -1, 1.5, "1", True, None])
def test_a_number_of_classes_that_is_none_is_refused(ask: Ask, count: object) -> None:
    response = classified(ask, count)
    assert response.status_code == 400
    assert "expected how many classes to answer" in response.json()["error"]
