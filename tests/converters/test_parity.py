"""The proof: what differs stops packaging, and the message says where, by how much and what can be tried."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from lading.bundles.parity import Tolerance
from lading.bundles.tables.table import table_of
from lading.converters.converter import Converted
from lading.converters.crossings import PAIRS
from lading.converters.parity import (
    DATA_ROWS,
    GOLDEN_ROWS,
    SINGLE_ROWS,
    GraphFailedError,
    ModelFailedError,
    ParityError,
    prove,
    spread,
)
from lading.converters.sklearn.converter import SklearnConverter

ROWS, LABELS = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=5000).fit(ROWS, LABELS)
BOUNDARY = 2 + 2 * PAIRS
"""Both ends of all ranges, and both sides of a change of the label for each pair of rows."""
ASKED = len(ROWS) + BOUNDARY
OTHER = LogisticRegression(max_iter=5000).fit(ROWS, (LABELS + 1) % 3)


@given(st.integers(0, 2000), st.integers(1, 600))
def test_rows_are_spread_from_the_first_to_the_last(rows: int, wanted: int) -> None:
    places = spread(rows, wanted)
    assert places == sorted(set(places))
    assert len(places) <= min(rows, wanted)
    if rows and wanted > 1:
        assert (places[0], places[-1]) == (0, rows - 1)


def test_a_proof_records_what_it_did(convert: Any) -> None:
    proof = prove(SklearnConverter(), MODEL, convert(MODEL, ROWS), table_of(ROWS), Tolerance())
    parity = proof.parity
    assert (proof.failed, parity.label_flips) == (0, 0)
    assert parity.rows == 150 + parity.boundary_rows
    assert parity.boundary_rows == BOUNDARY
    assert parity.single_rows == SINGLE_ROWS
    assert parity.reference.startswith("scikit-learn ")
    assert {"onnxruntime", "scikit-learn", "skl2onnx"} <= set(parity.versions)
    assert [output.output for output in parity.outputs] == ["probabilities"]
    assert parity.worst is not None
    assert parity.worst.output == "probabilities"


def test_long_data_is_asked_in_part(convert: Any) -> None:
    long = np.tile(ROWS, (10, 1))
    assert (
        prove(SklearnConverter(), MODEL, convert(MODEL, long), table_of(long), Tolerance()).parity.rows
        == DATA_ROWS + BOUNDARY
    )


def test_golden_rows_hold_what_the_original_said(convert: Any) -> None:
    converted = convert(MODEL, ROWS)
    golden = prove(SklearnConverter(), MODEL, converted, table_of(ROWS), Tolerance()).golden(converted.signature)
    assert golden.origins.count("data") == GOLDEN_ROWS
    assert golden.origins.count("boundary") == BOUNDARY
    rows = np.column_stack(list(golden.columns(converted.signature).values()))
    assert golden.expected(converted.signature)["label"].tolist() == MODEL.predict(rows).tolist()


def test_another_model_fails_the_proof_with_its_worst_row(convert: Any) -> None:
    converted = convert(MODEL, ROWS)
    proof = prove(SklearnConverter(), OTHER, converted, table_of(ROWS), Tolerance())
    assert proof.failed > 100
    error = proof.error("the model", ("mixed",))
    said = str(error)
    assert f"{proof.failed} of {ASKED} rows differ" in said
    assert "The worst row, from the data: x0=" in said
    assert "the original says" in said
    assert "the graph says" in said
    assert "--precision double" in said
    assert "--waiver" in said
    assert str(pickle.loads(pickle.dumps(error))) == said


def test_double_precision_is_not_offered_twice(convert: Any) -> None:
    converted = convert(MODEL, ROWS, "double")
    error = prove(SklearnConverter(), OTHER, converted, table_of(ROWS), Tolerance()).error(
        "the model", ("mixed", "float64")
    )
    assert "--precision double" not in str(error)
    assert "mixed and float64 precision" in str(error)


def test_a_waiver_keeps_the_rows_that_differ(convert: Any) -> None:
    converted = convert(MODEL, ROWS)
    proof = prove(SklearnConverter(), OTHER, converted, table_of(ROWS), Tolerance()).waived("a trial")
    assert proof.parity.waiver == "a trial"
    assert proof.golden(converted.signature).rows == GOLDEN_ROWS + BOUNDARY


def test_a_difference_in_single_rows_fails_too(convert: Any) -> None:
    """A graph whose answer depends on its neighbours: it subtracts the batch's mean."""
    from onnx import helper, load_from_string

    converted = convert(MODEL, ROWS)
    proto = load_from_string(converted.model)
    for node in proto.graph.node:
        node.input[:] = ["centred" if name == "x" else name for name in node.input]
    nodes = [
        helper.make_node("Shape", ["x"], ["extents"], end=1),
        helper.make_node("CastLike", ["extents", "x"], ["count"]),
        helper.make_node("Div", ["asked", "count"], ["share"]),
        helper.make_node("Mul", ["x", "share"], ["centred"]),
    ]
    proto.graph.initializer.append(helper.make_tensor("asked", 11, [1], [float(ASKED)]))
    rest = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*nodes, *rest])
    proof = prove(
        SklearnConverter(), MODEL, replace(converted, model=proto.SerializeToString()), table_of(ROWS), Tolerance()
    )
    assert proof.failed > 0
    assert all(failure.row in spread(ASKED, SINGLE_ROWS) for failure in proof.failures)
    assert isinstance(proof.error("it", ()), ParityError)


@pytest.mark.parametrize("size", [1e-5, 1e-30, 0.3, 1.0, 1e6])
def test_where_all_answers_are_small_so_is_what_they_may_differ(size: float, convert: Any) -> None:
    model = LinearRegression().fit(ROWS, LABELS * size)
    proof = prove(SklearnConverter(), model, convert(model, ROWS), table_of(ROWS))
    largest = np.abs(model.predict(ROWS)).max()
    assert proof.parity.tolerance.absolute == pytest.approx(1e-4 * min(1.0, largest), rel=0.2)
    nothing = replace(
        convert(model, ROWS),
        model=convert(DummyRegressor(constant=0.0, strategy="constant").fit(ROWS, LABELS), ROWS).model,
    )
    assert prove(SklearnConverter(), model, nothing, table_of(ROWS)).failed > 0


def test_probabilities_and_nothing_but_zeros_have_the_usual_tolerance(convert: Any) -> None:
    zeros = DummyRegressor(constant=0.0, strategy="constant").fit(ROWS, LABELS)
    for model in (MODEL, zeros):
        proof = prove(SklearnConverter(), model, convert(model, ROWS), table_of(ROWS))
        assert proof.parity.tolerance == Tolerance()
        assert proof.failed == 0


def answering(converted: Converted, proto: Any, name: str) -> Converted:
    """The conversion with that graph, whose output ``name`` passes for the probabilities."""
    proto.graph.output[1].name = name
    outputs = tuple(
        one.model_copy(update={"tensor": one.tensor.model_copy(update={"name": name})})
        if one.meaning == "probabilities"
        else one
        for one in converted.signature.outputs
    )
    signature = converted.signature.model_copy(update={"outputs": outputs})
    return replace(converted, model=proto.SerializeToString(), signature=signature)


def test_a_graph_with_other_shapes_is_none_of_the_model(convert: Any) -> None:
    from onnx import helper, load_from_string

    converted = convert(MODEL, ROWS)
    proto = load_from_string(converted.model)
    proto.graph.initializer.append(helper.make_tensor("first", 7, [1], [0]))
    proto.graph.node.append(helper.make_node("Gather", ["probabilities", "first"], ["narrow"], axis=1))
    other = answering(converted, proto, "narrow")
    with pytest.raises(GraphFailedError, match=r"narrow has the shape \[\d+, 1\] where the model has \[\d+, \d\]"):
        prove(SklearnConverter(), MODEL, other, table_of(ROWS))


def test_a_model_that_fails_on_its_own_data_is_told_apart_from_a_failed_proof(convert: Any) -> None:
    gappy = ROWS.copy()
    gappy[3, 1] = np.nan
    with pytest.raises(ModelFailedError, match=r"sklearn\.LogisticRegression itself fails on its own data: ValueError"):
        prove(SklearnConverter(), MODEL, convert(MODEL, ROWS), table_of(gappy), Tolerance())


def test_a_graph_that_fails_is_no_traceback(convert: Any) -> None:
    from onnx import helper, load_from_string

    converted = convert(MODEL, ROWS)
    proto = load_from_string(converted.model)
    proto.graph.initializer.append(helper.make_tensor("far", 7, [1], [99]))
    proto.graph.node.append(helper.make_node("Gather", ["probabilities", "far"], ["beyond"], axis=1))
    proto.graph.node.append(helper.make_node("Concat", ["probabilities", "beyond"], ["wide"], axis=1))
    failing = answering(converted, proto, "wide")
    with pytest.raises(GraphFailedError, match="fails on rows that the original answers"):
        prove(SklearnConverter(), MODEL, failing, table_of(ROWS), Tolerance())
