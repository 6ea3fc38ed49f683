"""Tensors given as bytes become the graph's: exactly, with NaN for what is missing, and checked as JSON is."""

from typing import Any

import numpy as np
import pytest

from lading.bundles.tensors.binary import pack
from lading.bundles.tensors.feeds import FieldError
from lading.bundles.tensors.specs import DATATYPES
from lading.runtime.deployments import Deployments
from lading.runtime.errors import MalformedRequestError
from lading.runtime.protocols.inference import InferenceDialect

NAN, INF = float("nan"), float("inf")


def tensor(name: str, values: object, dtype: str = "float64") -> dict[str, Any]:
    array = np.array(values, dtype=object if dtype == "string" else dtype)
    return {"name": name, "datatype": DATATYPES[dtype], "shape": list(array.shape), "data": pack(array)}


def penguin_tensors(rows: int = 1, **given: dict[str, Any]) -> list[dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {
        "mass": tensor("mass", [[3.5]] * rows),
        "year": tensor("year", [[2007]] * rows, "int64"),
        "tagged": tensor("tagged", [[True]] * rows, "bool"),
        "island": tensor("island", [["Dream"]] * rows, "string"),
        "band": tensor("band", [[2]] * rows, "int64"),
    }
    return list((values | given).values())


def feeds_of(deployments: Deployments, name: str, tensors: list[dict[str, Any]]) -> dict[str, Any]:
    return InferenceDialect(deployments.get(name)).inputs.read(tensors)[0]


@pytest.mark.parametrize("value", [INF, -INF, 1e-45, -0.0])
def test_every_number_arrives_bit_for_bit(deployments: Deployments, value: float) -> None:
    given = np.array([[value, 1, 2, 3]], np.float32)
    fed = feeds_of(deployments, "cells", [tensor("X", given, "float32")])["X"]
    assert fed.tobytes() == given.tobytes()


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize("value", [INF, -INF, NAN])
def test_a_column_carries_infinities_and_what_is_missing(deployments: Deployments, rows: int, value: float) -> None:
    bills = {"bill length": tensor("bill length", [[value]] * rows)}
    fed = feeds_of(deployments, "penguins", penguin_tensors(rows, **bills))["n"]
    assert fed.shape == (rows, 6)
    np.testing.assert_array_equal(fed[:, 0], np.full(rows, value, np.float32))


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize("name", ["eggs", "moulting"])
def test_nan_is_the_missing_integer_and_the_missing_truth(deployments: Deployments, rows: int, name: str) -> None:
    fed = feeds_of(deployments, "penguins", penguin_tensors(rows, **{name: tensor(name, [[NAN]] * rows)}))["n"]
    assert np.isnan(fed[:, 3 if name == "eggs" else 5]).all()


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize(
    ("name", "value", "dtype", "problem"),
    [
        ("mass", NAN, "float64", "is null"),
        ("eggs", 1.5, "float64", "expected an integer, found 1.5"),
        ("eggs", INF, "float64", "expected an integer, found inf"),
        ("moulting", 2.0, "float64", "expected true or false, found 2"),
        ("island", "Atlantis", "string", "is unknown"),
    ],
)
def test_a_value_that_its_field_does_not_take_is_refused(
    deployments: Deployments, rows: int, name: str, value: object, dtype: str, problem: str
) -> None:
    tensors = penguin_tensors(rows, **{name: tensor(name, [[value]] * rows, dtype)})
    with pytest.raises(FieldError, match=problem) as refused:
        feeds_of(deployments, "penguins", tensors)
    assert (refused.value.field, refused.value.row) == (name, 0)


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("counts", [[1.0, 1.0, NAN], [NAN, 0.0, 1.0]], "count"),
        ("counts", [[1.0, 1.0, NAN], [2.0, INF, 1.0]], "flag"),
        ("cells", [[1.0, 2.0, 3.0, 4.0], [1.0, NAN, 3.0, 4.0]], "x1"),
    ],
)
def test_a_column_of_a_matrix_is_what_its_field_takes(
    deployments: Deployments, name: str, given: list[list[float]], field: str
) -> None:
    dtype = "float32" if name == "cells" else "float64"
    with pytest.raises(FieldError) as refused:
        feeds_of(deployments, name, [tensor("X", given, dtype)])
    assert (refused.value.field, refused.value.row) == (field, 1)


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ([2, 4], "has 16 bytes of data, 8 values of FP32 are 32"),
        ([2**62, 4], f"which is more than {2**31} elements"),
        ([-1, 4], "is no extent"),
        ([1, 5], "expected"),
        ([], "for its shape"),
    ],
)
def test_a_shape_that_the_bytes_do_not_fill_is_refused(
    deployments: Deployments, shape: list[int], problem: str
) -> None:
    given = tensor("X", [[1, 2, 3, 4]], "float32") | {"shape": shape}
    with pytest.raises(MalformedRequestError, match=problem) as refused:
        feeds_of(deployments, "cells", [given])
    assert refused.value.field == "X"


def test_no_rows_are_no_bytes(deployments: Deployments) -> None:
    fed = feeds_of(deployments, "cells", [tensor("X", np.empty((0, 4)), "float32")])["X"]
    assert fed.shape == (0, 4)
