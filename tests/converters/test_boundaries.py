"""Boundaries: every category, missing and unseen values, ends of ranges, and both sides of a model's jumps."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lading.bundles.signature import Feed, Output, Signature, Tensor
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import Table, table_of
from lading.converters.boundaries import CATEGORIES, UNSEEN, boundary_table


def signed(table: Table, **changes: Any) -> Signature:
    """A signature in which every field is fed."""
    fields = [
        field.model_copy(update={"feed": Feed(input="x", column=place), **changes.get(field.name, {})})
        for place, field in enumerate(fields_of(table))
    ]
    tensor = Tensor(name="x", dtype="float64", shape=("batch", len(fields)))
    output = Output(tensor=Tensor(name="value", dtype="float64", shape=("batch", 1)), meaning="value")
    return Signature(form="frame", fields=tuple(fields), inputs=(tensor,), outputs=(output,))


def nothing(rows: Table) -> dict[str, np.ndarray]:
    return {"value": np.zeros((rows.rows, 1))}


def made(frame: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    table = table_of(frame)
    rows = boundary_table(table, signed(table, **changes), nothing, None)
    assert rows is not None
    frame_made: pd.DataFrame = rows.original
    return frame_made


FRAME = pd.DataFrame(
    {"kind": ["a", "b", None, "a"] * 5, "size": [1.0, 2.0, np.nan, 4.0] * 5, "flag": [True, False] * 10}
)


def test_categories_missing_values_and_ends_are_all_there() -> None:
    rows = made(FRAME)
    assert {"a", "b", UNSEEN} <= set(rows["kind"].dropna())
    assert rows["kind"].isna().any()
    assert rows[["kind", "size"]].isna().all(axis=1).any()
    assert {1.0, 4.0} <= set(rows["size"].dropna())
    assert set(rows["flag"]) == {True, False}


def test_what_a_row_says_that_lacks_a_field_is_there_twice_for_each_field_and_for_all() -> None:
    frame = pd.DataFrame({"size": [1.0, 2.0] * 5, "flag": [True] * 10})
    rows = made(frame, size={"default": 0}, flag={"default": False})
    zero, false = rows["size"] == 0, ~rows["flag"]
    for place in (zero & ~false, ~zero & false, zero & false):
        even, odd = place[::2], place[1::2]
        assert even.any()
        assert odd.any()


def test_unseen_categories_are_left_out_where_the_model_would_fail() -> None:
    assert UNSEEN not in set(made(FRAME, kind={"unknown": "refuse"})["kind"].dropna())


def test_unseen_categories_have_the_type_of_the_known_ones() -> None:
    frame = pd.DataFrame({"kind": pd.Categorical([1, 2, 3, 1]), "flag": pd.Categorical([True, False, True, True])})
    assert 4 in set(made(frame)["kind"])
    assert set(made(frame)["flag"]) == {True, False}


def test_many_categories_are_thinned_out() -> None:
    frame = pd.DataFrame({"kind": [f"kind {number:03}" for number in range(150)] * 4})
    assert len(made(frame)) <= CATEGORIES + 2


def test_columns_that_the_model_ignores_are_left_alone() -> None:
    table = table_of(FRAME[["flag"]])
    signature = signed(table, flag={"feed": None})
    assert boundary_table(table, signature, nothing, None) is None


def _answer(model: Any) -> Any:
    return lambda rows: {"label": model.predict(rows.original)}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("text", [False, True], ids=["numbers", "text labels"])
def test_jumps_are_found_to_the_last_bit(dtype: Any, text: bool) -> None:
    rows, labels = load_wine(return_X_y=True)
    matrix = np.round(rows[:, [9, 12]] * 7).astype(dtype)
    model = DecisionTreeClassifier(max_depth=1).fit(matrix, labels.astype(str) if text else labels)
    threshold, feature = model.tree_.threshold[0], model.tree_.feature[0]
    table = table_of(matrix)
    found = boundary_table(table, signed(table), _answer(model), "sharp")
    assert found is not None
    values = np.sort(np.unique(found.original[:, feature]))
    below, above = values[values.astype(np.float32) <= threshold][-1], values[values.astype(np.float32) > threshold][0]
    assert above == (below + 1 if dtype is np.int64 else np.nextafter(below, dtype(np.inf)))


def test_near_jumps_lie_on_both_sides_and_a_little_apart() -> None:
    rows = np.linspace(0, 1, 50)[:, None]
    model = DecisionTreeRegressor(max_depth=1).fit(rows, (rows[:, 0] > 0.5) * 1.0)
    table = table_of(rows)
    found = boundary_table(table, signed(table), _answer(model), "near")
    assert found is not None
    low, high = found.original[-2:, 0]
    assert low < model.tree_.threshold[0] < high
    assert 1e-6 < high - low < 3e-6


def test_numbers_that_never_matter_are_not_searched() -> None:
    rows = np.linspace(0, 1, 50)[:, None]
    table = table_of(np.hstack([rows, np.ones_like(rows)]))
    found = boundary_table(table, signed(table), nothing, "sharp")
    assert found is not None
    assert found.rows == 2  # both ends only


def test_constant_numbers_have_no_jumps() -> None:
    table = table_of(np.ones((10, 1)))
    model = Ridge().fit(np.ones((10, 1)), np.ones(10))
    found = boundary_table(table, signed(table), _answer(model), "sharp")
    assert found is not None
    assert found.rows == 2
