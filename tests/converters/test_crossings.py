"""Crossings: rows on both sides of the place where a label changes."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lading.bundles.signature import Feed, Meaning, Output, Signature, Tensor
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import Table, table_of
from lading.converters.changing import edited
from lading.converters.crossings import HALVINGS, PAIRS, crossings


def signed(table: Table, meaning: Meaning = "label") -> Signature:
    fields = [
        field.model_copy(update={"feed": Feed(input="x", column=place)}) for place, field in enumerate(fields_of(table))
    ]
    tensor = Tensor(name="x", dtype="float64", shape=("batch", len(fields)))
    output = Output(tensor=Tensor(name=meaning, dtype="int64", shape=("batch",)), meaning=meaning)
    return Signature(form="frame", fields=tuple(fields), inputs=(tensor,), outputs=(output,))


def answering(model: Any) -> Any:
    return lambda rows: {"label": model.predict(rows.original)}


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
def test_the_label_changes_between_the_two_rows_of_each_pair(load: Any) -> None:
    rows, labels = load(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    table = table_of(rows)
    edits = crossings(table, signed(table), answering(model))
    assert 0 < len(edits) <= 2 * PAIRS
    made = edited(table, edits).original
    said = model.predict(made)
    assert (said[::2] != said[1::2]).all()
    apart = np.abs(made[::2] - made[1::2]).max(axis=0)
    assert (apart <= np.ptp(rows, axis=0) / 2**HALVINGS * 1.01).all()


def test_missing_numbers_stay_missing_and_whole_ones_whole() -> None:
    frame = pd.DataFrame({"size": [1.0, np.nan, 3.0, 4.0] * 5, "count": pd.array([1, 2, None, 40] * 5, dtype="Int64")})
    table = table_of(frame)

    def answer(rows: Table) -> dict[str, np.ndarray]:
        return {"label": (rows.original["count"].fillna(0) > 20).to_numpy()}

    edits = crossings(table, signed(table), answer)
    made = edited(table, edits).original
    assert edits
    assert made["count"].dtype == "Int64"
    assert set(np.abs(made["count"].to_numpy()[::2] - made["count"].to_numpy()[1::2])) == {1}


def test_a_model_without_a_label_has_none() -> None:
    rows = np.arange(20.0).reshape(10, 2)
    table = table_of(rows)
    model = Ridge().fit(rows, rows[:, 0])
    assert crossings(table, signed(table, "value"), answering(model)) == []


def test_a_label_that_never_changes_has_none() -> None:
    table = table_of(np.arange(20.0).reshape(10, 2))
    assert crossings(table, signed(table), lambda rows: {"label": np.zeros(rows.rows)}) == []


def test_a_label_that_numbers_do_not_change_has_none() -> None:
    table = table_of(pd.DataFrame({"kind": ["a", "b"] * 10, "size": np.arange(20.0)}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert crossings(table, signed(table), lambda rows: {"label": rows.original["kind"].to_numpy()}) == []


def test_each_of_several_labels_changes_somewhere() -> None:
    table = table_of(np.random.default_rng(0).normal(size=(100, 12)))
    one = signed(table)
    outputs = [one.outputs[0].model_copy(update={"tensor": Tensor(name=f"l{at}", dtype="int64", shape=("batch",))}) for at in range(12)]  # fmt: skip

    def answer(rows: Table) -> dict[str, np.ndarray]:
        return {f"l{at}": (rows.original[:, at] > 0).astype(int) for at in range(12)}

    edits = crossings(table, one.model_copy(update={"outputs": tuple(outputs)}), answer)
    said = answer(table_of(edited(table, edits).original))
    assert all((said[f"l{at}"][::2] != said[f"l{at}"][1::2]).any() for at in range(12))
    assert len(edits) <= 2 * 2 * 12
