"""The fields of a data frame that all came as bytes are read at once where that is sure, and to the same values."""

from typing import Any

import numpy as np
import pytest

from lading.bundles.tensors.binary import pack
from lading.bundles.tensors.feeds import FieldError
from lading.bundles.tensors.specs import TensorSpec
from lading.runtime.deployments import Deployments
from lading.runtime.errors import RequestError
from lading.runtime.protocols.byte_columns import ByteColumns
from lading.runtime.protocols.inputs import FrameInputs

SPECS = [TensorSpec("a", "FP64", (1,)), TensorSpec("b", "INT64", (1,)), TensorSpec("c", "BOOL", (1,)), TensorSpec("d", "BYTES", (1,))]  # fmt: skip
GIVEN = {
    "a": np.array([0.5, np.nan]),
    "b": np.array([2**63 - 1, -1]),
    "c": np.array([True, False]),
    "d": np.array(["x", "ü"], object),
}


def tensors(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    made = [
        {"name": spec.name, "datatype": spec.datatype, "shape": [2, 1], "data": memoryview(pack(GIVEN[spec.name]))}
        for spec in SPECS
    ]
    return [tensor | changes.get(str(tensor["name"]), {}) for tensor in made]


@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_each_field_is_an_array_of_its_values(kind: Any) -> None:
    found = ByteColumns(SPECS).read([tensor | {"data": kind(tensor["data"])} for tensor in tensors()])
    assert found is not None
    columns, rows = found
    assert rows == 2
    for name, values in GIVEN.items():
        np.testing.assert_array_equal(columns[name], values)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([], id="none"),
        pytest.param(tensors()[:3], id="a field less"),
        pytest.param(tensors()[::-1], id="another order"),
        pytest.param(tensors(a={"data": [0.5, 1.5]}), id="one in JSON"),
        pytest.param(tensors(a={"shape": [2]}), id="one of another shape"),
        pytest.param(tensors(a={"shape": [2, True]}), id="a shape that only equals"),
        pytest.param([tensor | {"shape": [2]} for tensor in tensors()], id="all without the 1"),
        pytest.param([tensor | {"shape": [-2, 1]} for tensor in tensors()], id="a negative extent"),
        pytest.param([tensor | {"shape": None} for tensor in tensors()], id="no shape"),
        pytest.param(tensors(a={"datatype": "FP32"}), id="another datatype"),
        pytest.param(tensors(a={"data": b"123"}), id="too few bytes"),
        pytest.param(tensors(c={"data": b"\1\2"}), id="a byte that is no truth"),
        pytest.param(tensors(d={"data": b"\1\0\0\0\xff\0\0\0\0"}), id="bytes that are no text"),
    ],
)
def test_whatever_has_to_be_looked_at_is_left_alone(given: list[dict[str, Any]]) -> None:
    assert ByteColumns(SPECS).read(given) is None


def test_fields_that_are_lists_are_left_alone() -> None:
    specs = [TensorSpec("a", "FP64", (2,))]
    given = [{"name": "a", "datatype": "FP64", "shape": [1, 2], "data": pack(np.zeros(2))}]
    assert ByteColumns(specs).read(given) is None


def test_what_a_field_does_not_take_is_refused_on_either_way(deployments: Deployments) -> None:
    inputs = FrameInputs(deployments.get("penguins"))
    values: dict[str, Any] = {
        spec.name: np.array(["Dream"] if spec.datatype == "BYTES" else [1], {"BYTES": object, "INT64": np.int64, "BOOL": bool}.get(spec.datatype, np.float64))
        for spec in inputs.specs
    }  # fmt: skip
    told = []
    for order in (1, -1):
        given = [
            {"name": spec.name, "datatype": spec.datatype, "shape": [1, 1], "data": pack(values[spec.name])}
            for spec in inputs.specs
        ][::order]
        inputs.read(given)
        wrong = [tensor | ({"data": pack(np.array(["?"], object))} if tensor["name"] == "island" else {}) for tensor in given]  # fmt: skip
        with pytest.raises((RequestError, FieldError)) as refused:
            inputs.read(wrong)
        told.append(str(refused.value))
    assert told[0] == told[1]
    assert "'?' is unknown" in told[0]
