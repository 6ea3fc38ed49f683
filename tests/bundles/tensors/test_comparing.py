import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lading.bundles.parity import Tolerance
from lading.bundles.signature import Feed, Field, Meaning, Output, Signature, Tensor, TensorType
from lading.bundles.tensors.comparing import FAILURES, LARGEST, LARGEST_ULP, AnswerShapeError, Comparison, compare
from lading.bundles.tensors.values import object_array

TOLERANCE = Tolerance(absolute=1e-4, relative=1e-4, label_margin=1e-5)


def output(name: str, dtype: TensorType, meaning: Meaning, *extents: int) -> Output:
    return Output(tensor=Tensor(name=name, dtype=dtype, shape=("n", *extents)), meaning=meaning)


def signature(*outputs: Output) -> Signature:
    return Signature(
        form="array",
        fields=(Field(name="x0", type="number", dtype="float64", feed=Feed(input="x", column=0)),),
        inputs=(Tensor(name="x", dtype="float64", shape=("n", 1)),),
        outputs=outputs,
    )


VALUE = signature(output("value", "float32", "value"))
CLASSIFIER = signature(output("label", "string", "label"), output("p", "float32", "probabilities", 2))


def values(expected: list[float], found: list[float], dtype: TensorType = "float32") -> Comparison:
    one = signature(output("value", dtype, "value"))
    return compare(one, {"value": np.array(expected)}, {"value": np.array(found, dtype=dtype)}, TOLERANCE)


@pytest.mark.parametrize(
    ("expected", "found", "ok"),
    [
        pytest.param(1.0, 1.0, True, id="equal"),
        pytest.param(0.0, 0.9e-4, True, id="within absolute"),
        pytest.param(0.0, 1.1e-4, False, id="beyond absolute"),
        pytest.param(1e6, 1e6 + 99, True, id="within relative"),
        pytest.param(1e6, 1e6 + 102, False, id="beyond relative"),
        pytest.param(np.nan, np.nan, True, id="NaN is NaN"),
        pytest.param(np.nan, 0.0, False, id="NaN is no number"),
        pytest.param(0.0, np.nan, False, id="a number is not NaN"),
        pytest.param(np.inf, np.inf, True, id="infinity is itself"),
        pytest.param(np.inf, -np.inf, False, id="infinity has a sign"),
        pytest.param(np.inf, 1e38, False, id="large is not infinite"),
        pytest.param(1e38, np.inf, False, id="infinite is not large"),
        pytest.param(0.0, -0.0, True, id="zero is zero"),
    ],
)
def test_a_number_may_differ_as_the_tolerance_says(expected: float, found: float, ok: bool) -> None:
    comparison = values([expected], [found])
    assert comparison.ok is ok
    assert comparison.failed == len(comparison.failures) == (0 if ok else 1)


def test_equal_to_the_bit_has_no_worst_row() -> None:
    comparison = values([0.1, np.nan, np.inf], [0.1, np.nan, np.inf])
    assert comparison.worst is None
    assert comparison.outputs[0].max_ulp == 0
    assert (comparison.rows, comparison.label_flips, comparison.failures) == (3, 0, ())


def test_the_worst_row_is_the_one_farthest_outside_its_allowance() -> None:
    comparison = values([1e6, 1.0, 2.0], [1e6 + 50, 1.001, 2.0])
    assert comparison.worst is not None
    assert (comparison.worst.row, comparison.worst.output, comparison.worst.expected) == (1, "value", 1.0)
    assert comparison.worst.found == 1.001
    assert comparison.worst.excess == pytest.approx(5, rel=1e-3)
    figures = comparison.outputs[0]
    assert figures.max_absolute == 50
    assert figures.max_relative == pytest.approx(1e-3, rel=1e-3)


def test_ulps_count_representable_numbers_of_the_outputs_own_type() -> None:
    one = np.float32(1)
    assert values([1.0], [float(np.nextafter(one, np.float32(2)))]).outputs[0].max_ulp == 1
    tiny = float(np.finfo(np.float32).smallest_subnormal)
    assert values([-tiny], [tiny]).outputs[0].max_ulp == 2
    assert values([1.0], [np.nan]).outputs[0].max_ulp == LARGEST_ULP
    assert values([-1e300], [1e300], "float64").outputs[0].max_ulp == LARGEST_ULP
    assert values([1.0], [1.0 + 2**-10], "float16").outputs[0].max_ulp == 1


def test_figures_stay_finite() -> None:
    figures = values([np.inf, 5e-324, 1e300], [0.0, 1e300, -1e300], "float64").outputs[0]
    assert figures.max_absolute == figures.max_relative == LARGEST


def test_an_expected_value_beyond_the_outputs_type_is_a_failure() -> None:
    assert not values([1e300], [3e38]).ok


def test_without_any_allowance_only_equal_numbers_pass() -> None:
    strict = Tolerance(absolute=0, relative=0)
    expected = np.array([0.0, 1.0])
    assert compare(VALUE, {"value": expected}, {"value": expected.astype(np.float32)}, strict).ok
    assert not compare(VALUE, {"value": expected}, {"value": np.array([1e-9, 1], np.float32)}, strict).ok


def labels(expected: list[str], found: list[str], chances: list[list[float]] | None) -> Comparison:
    given: dict[str, Any] = {"label": object_array(expected)}
    if chances is not None:
        given["p"] = np.array(chances)
    answers = {"label": object_array(found), "p": np.array(chances or [], dtype=np.float32)}
    return compare(CLASSIFIER, given, answers, TOLERANCE)


@pytest.mark.parametrize(
    ("chances", "failed"),
    [
        pytest.param([[0.5, 0.5], [0.9, 0.1]], 0, id="at a tie"),
        pytest.param([[0.500004, 0.499996], [0.9, 0.1]], 0, id="at a near-tie"),
        pytest.param([[0.6, 0.4], [0.9, 0.1]], 1, id="away from a tie"),
        pytest.param([[0.6], [0.4]], 1, id="one probability shows no tie"),
        pytest.param(None, 1, id="without probabilities"),
    ],
)
def test_a_label_may_flip_only_at_a_near_tie(chances: list[list[float]] | None, failed: int) -> None:
    comparison = labels(["a", "a"], ["b", "a"], chances)
    assert (comparison.label_flips, comparison.failed) == (1, failed)
    assert comparison.worst is not None
    assert (comparison.worst.row, comparison.worst.expected, comparison.worst.found) == (0, "a", "b")
    assert [figures.output for figures in comparison.outputs] == ([] if chances is None else ["p"])


@pytest.mark.parametrize(
    ("classes", "coded", "names"),
    [
        pytest.param(("a", "b", "c"), False, "abc", id="text"),
        pytest.param((7, 8, 9), False, (7, 8, 9), id="numbers"),
        pytest.param((0.5, 1.5, 2.5), True, (0, 1, 2), id="positions"),
    ],
)
def test_a_tie_between_others_excuses_no_label(classes: tuple[Any, ...], coded: bool, names: Any) -> None:
    dtype: TensorType = "string" if isinstance(names, str) else "int64"
    label = output("label", dtype, "label").model_copy(update={"classes": classes, "coded": coded})
    known = signature(label, output("p", "float64", "probabilities", 3))
    tie = np.array([[0.4, 0.4, 0.2]])
    array = object_array if dtype == "string" else np.array

    def failed(expected: int, found: int) -> int:
        given, answers = ({"label": array([names[at]]), "p": tie} for at in (expected, found))
        return compare(known, given, answers, TOLERANCE).failed

    assert (failed(0, 1), failed(1, 0)) == (0, 0)
    assert (failed(0, 2), failed(2, 0), failed(2, 1)) == (1, 1, 1)


def test_a_label_is_judged_by_the_probabilities_of_its_own_target() -> None:
    targets = [{"targets": (name,)} for name in ("rain", "wind")]
    labels = [output(f"l{at}", "int64", "label").model_copy(update=of) for at, of in enumerate(targets)]
    chances = [output(f"p{at}", "float64", "probabilities", 2).model_copy(update=of) for at, of in enumerate(targets)]
    both = signature(labels[0], chances[0], labels[1], chances[1])
    tie, sure = np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])
    expected = {"l0": np.array([0]), "p0": tie, "l1": np.array([0]), "p1": sure}
    flipped = compare(both, expected, {**expected, "l0": np.array([1])}, TOLERANCE)
    assert (flipped.label_flips, flipped.failed) == (1, 0)
    flipped = compare(both, expected, {**expected, "l0": np.array([1]), "l1": np.array([1])}, TOLERANCE)
    assert (flipped.label_flips, flipped.failed, flipped.failures[0].output) == (2, 1, "l1")


def test_labels_of_several_targets_must_all_be_equal() -> None:
    several = signature(output("label", "int64", "label", 2), output("p", "float32", "probabilities", 2))
    expected = {"label": np.array([[0, 1]]), "p": np.array([[0.5, 0.5]])}
    found = {"label": np.array([[0, 0]]), "p": np.array([[0.5, 0.5]], dtype=np.float32)}
    assert compare(several, expected, found, TOLERANCE).failed == 1


@pytest.mark.parametrize(
    ("dtype", "expected", "found"),
    [
        pytest.param("int64", [1, 2], [1, 3], id="integers"),
        pytest.param("bool", [True, False], [True, True], id="booleans"),
        pytest.param("string", ["a", "b"], ["a", "c"], id="text"),
    ],
)
def test_what_is_not_a_float_must_be_equal(dtype: TensorType, expected: list[Any], found: list[Any]) -> None:
    one = signature(output("t", dtype, "tensor"))
    kind = object if dtype == "string" else dtype
    given, answers = {"t": np.array(expected, dtype=kind)}, {"t": np.array(found, dtype=kind)}
    assert compare(one, given, given, TOLERANCE).ok
    comparison = compare(one, given, answers, TOLERANCE)
    assert (comparison.failed, comparison.outputs, comparison.label_flips) == (1, (), 0)


def test_only_the_worst_failures_are_listed_and_all_are_counted() -> None:
    expected, found = np.zeros(50), np.arange(1, 51, dtype=np.float32)
    comparison = compare(VALUE, {"value": expected}, {"value": found}, TOLERANCE)
    assert comparison.failed == 50
    assert comparison.failed_rows == set(range(50))
    assert [failure.row for failure in comparison.failures] == list(range(49, 49 - FAILURES, -1))


def test_outputs_of_several_columns_fail_by_the_row() -> None:
    wide = signature(output("t", "float32", "tensor", 2))
    expected = np.array([[1.0, 2.0], [3.0, np.nan]])
    found = np.array([[1.0, 3.0], [4.0, 5.0]], dtype=np.float32)
    comparison = compare(wide, {"t": expected}, {"t": found}, TOLERANCE)
    assert comparison.failed == 2
    assert comparison.failures[0].expected == [3.0, "NaN"]
    assert comparison.failures[0].found == [4.0, 5.0]


def test_no_rows_are_all_right() -> None:
    empty = {"label": object_array([]), "p": np.zeros((0, 2), dtype=np.float32)}
    comparison = compare(CLASSIFIER, empty, empty, TOLERANCE)
    assert comparison.ok
    assert comparison.rows == 0
    assert compare(CLASSIFIER, {}, {}, TOLERANCE).rows == 0


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        pytest.param({"value": np.zeros((2, 1))}, r"has shape \[2, 1\], expected shape \[2\]", id="another shape"),
        pytest.param({}, "is not among the answers", id="not there"),
    ],
)
def test_answers_of_another_shape_are_refused(found: dict[str, Any], problem: str) -> None:
    with pytest.raises(AnswerShapeError, match=problem) as caught:
        compare(VALUE, {"value": np.zeros(2)}, found, TOLERANCE)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@given(arrays(np.float32, (4, 2)), arrays(np.float32, (4, 2)))
def test_comparing_agrees_with_the_tolerances_formula(expected: Any, found: Any) -> None:
    wide = signature(output("t", "float32", "tensor", 2))
    comparison = compare(wide, {"t": expected}, {"t": found}, TOLERANCE)
    assert comparison.ok == np.allclose(
        found.astype(float), expected.astype(float), rtol=1e-4, atol=1e-4, equal_nan=True
    )
    assert (comparison.worst is None) == np.array_equal(expected, found, equal_nan=True)


@given(arrays(np.float64, 5), st.permutations(range(5)))
def test_the_order_of_rows_plays_no_part(expected: Any, order: list[int]) -> None:
    found = np.roll(expected, 1).astype(np.float32) if np.abs(expected).max() < 1e38 else np.zeros(5, dtype=np.float32)
    one = compare(VALUE, {"value": expected}, {"value": found}, TOLERANCE)
    other = compare(VALUE, {"value": expected[order]}, {"value": found[order]}, TOLERANCE)
    assert (one.failed, one.outputs, one.ok) == (other.failed, other.outputs, other.ok)
