"""Dictionaries: a list of them is a table, in which what a row lacks is what it is to a model of dictionaries."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.problems import DataColumnError
from lading.bundles.tables.table import table_of
from lading.converters.dictionaries import tabled, tabled_parts
from lading.converters.training_data import NoRowsError

COLUMNS: dict[str, tuple[list[Any], str, list[Any]]] = {
    "text": (["a", None, "b"], "string", ["a", None, "b"]),
    "text beside NaN": (["a", np.nan], "string", ["a", None]),
    "numbers": ([1.5, np.float32(2.0)], "number", [1.5, 2.0]),
    "numbers and None": ([1.5, None], "number", [1.5, None]),
    "whole numbers": ([1, np.int8(2)], "integer", [1, 2]),
    "whole numbers and None": ([1, None], "integer", [1, None]),
    "whole and other numbers": ([1, 2.5], "number", [1.0, 2.5]),
    "whole numbers that no column has room for": ([2**63, 1], "number", [2.0**63, 1.0]),
    "truths": ([True, False], "boolean", [True, False]),
    "truths and None": ([True, None], "boolean", [True, None]),
    "truths and numbers": ([True, 3], "integer", [1, 3]),
    "nothing but None": ([None, None], "number", [None, None]),
}


@pytest.mark.parametrize(("values", "kind", "expected"), COLUMNS.values(), ids=COLUMNS)
def test_the_values_of_a_key_are_a_column(values: list[Any], kind: str, expected: list[Any]) -> None:
    table = table_of(tabled([{"key": value} for value in values]))
    (column,) = table.columns
    assert (column.name, column.type) == ("key", kind)
    found = table.columns_as_numpy()["key"].tolist()
    assert [None if value is None or value != value else value for value in found] == expected


def test_a_key_that_is_not_there_is_missing_text_or_a_zero() -> None:
    rows = tabled([{"city": "Rome", "rooms": 2, "size": 1.5, "new": True}, {}, {"late": 3}])
    assert isinstance(rows, pd.DataFrame)
    assert list(rows.columns) == ["city", "rooms", "size", "new", "late"]
    assert rows.to_dict("list") == {
        "city": ["Rome", None, None], "rooms": [2, 0, 0], "size": [1.5, 0.0, 0.0],
        "new": [True, False, False], "late": [0, 0, 3],
    }  # fmt: skip


def test_a_list_has_the_digest_of_the_same_table() -> None:
    rows = [{"city": "Rome", "size": 1.5}, {"city": "Paris", "size": 2.5}]
    assert data_digest(table_of(tabled(rows))) == data_digest(table_of(pd.DataFrame(rows)))


def test_a_series_of_dictionaries_is_taken_too() -> None:
    rows = [{"a": 1.0}, {"a": 2.0}]
    expected = tabled(rows)
    for given in (pd.Series(rows), np.array(rows, dtype=object)):
        assert tabled(given).equals(expected)


@pytest.mark.parametrize("data", [None, "rows.csv", np.zeros((2, 2)), np.zeros(2), pd.DataFrame({"a": [1.0]}), [1, 2]])
def test_anything_else_stays_as_it_is(data: object) -> None:
    assert tabled(data) is data


def test_the_target_may_lie_beside_the_rows() -> None:
    rows, target = tabled_parts(([{"a": 1.0}], [2]))
    assert isinstance(rows, pd.DataFrame)
    assert target == [2]
    assert isinstance(tabled_parts([{"a": 1.0}]), pd.DataFrame)


def test_no_dictionaries_are_refused() -> None:
    with pytest.raises(NoRowsError):
        tabled([])


REFUSED: dict[str, tuple[list[Any], str]] = {
    "text and numbers": ([None, "a", 2.0], "column 'key' holds text in row 1 and a number in row 2"),
    "text and truths": ([True, "a"], "holds text in row 1 and a number in row 0"),
    "several values": (["a", ["b", "c"]], "holds several values in row 1; give each of them a key of its own"),
    "a set": ([{"b"}], "holds several values in row 0"),
    "a dictionary": ([{"b": 1}], "holds {'b': 1} in row 0; make it text, a number, or true or false"),
    "a moment": ([pd.Timestamp(0)], "in row 0; make it text, a number"),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=REFUSED)
def test_a_key_whose_values_are_no_column_is_refused_by_name(values: list[Any], words: str) -> None:
    with pytest.raises(DataColumnError) as caught:
        tabled([{"key": value} for value in values])
    assert words in str(caught.value)
    assert caught.value.column == "key"
