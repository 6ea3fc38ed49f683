"""Trees: missing values and thresholds decide in the graph as they do in scikit-learn."""

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lading.bundles.session import open_session

SEED = 7


def _with_gaps(rows: np.ndarray) -> np.ndarray:
    gaps = np.random.default_rng(SEED).random(rows.shape) < 0.15
    return np.where(gaps, np.nan, rows)


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(random_state=0),
        RandomForestClassifier(10, random_state=0),
        ExtraTreesClassifier(10, random_state=0),
        BaggingClassifier(n_estimators=5, random_state=0),
        HistGradientBoostingClassifier(max_iter=5),
        VotingClassifier([("a", RandomForestClassifier(3, random_state=0)), ("b", DecisionTreeClassifier())], voting="soft"),
    ],
    ids=lambda model: type(model).__name__,
)  # fmt: skip
def test_classifiers_send_missing_values_the_way_they_learnt(model: BaseEstimator, same: Any) -> None:
    rows, labels = load_wine(return_X_y=True)
    gappy = _with_gaps(rows)
    asked = same(model.fit(gappy[::2], labels[::2]), gappy[::2], gappy[1::2])
    assert asked.comparison.label_flips == 0


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(random_state=0),
        RandomForestRegressor(10, random_state=0),
        BaggingRegressor(n_estimators=5, random_state=0),
        HistGradientBoostingRegressor(max_iter=5),
    ],
    ids=lambda model: type(model).__name__,
)
def test_regressors_send_missing_values_the_way_they_learnt(model: BaseEstimator, same: Any) -> None:
    rows, targets = load_diabetes(return_X_y=True)
    gappy = _with_gaps(rows)
    same(model.fit(gappy[::2], targets[::2]), gappy[::2], gappy[1::2])


ROWS, LABELS = load_wine(return_X_y=True)
TREES = {
    "tree": DecisionTreeClassifier(random_state=0).fit(ROWS, LABELS),
    "histogram": HistGradientBoostingClassifier(max_iter=3).fit(ROWS, LABELS),
}


def _thresholds(model: Any) -> list[tuple[int, float]]:
    if isinstance(model, DecisionTreeClassifier):
        return [(int(f), float(t)) for f, t in zip(model.tree_.feature, model.tree_.threshold, strict=True) if f >= 0]
    nodes = [node for step in model._predictors for tree in step for node in tree.nodes if not node["is_leaf"]]
    return [(int(node["feature_idx"]), float(node["num_threshold"])) for node in nodes]


@pytest.mark.parametrize("name", TREES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_thresholds_are_exact_to_the_last_bit(name: str, convert: Any, data: st.DataObject) -> None:
    model = TREES[name]
    session = open_session(SESSIONS.setdefault(name, convert(model, ROWS).model))
    feature, threshold = data.draw(st.sampled_from(_thresholds(model)))
    at = data.draw(st.sampled_from([threshold, np.nextafter(threshold, np.inf), np.nextafter(threshold, -np.inf), float(np.float32(threshold))]))  # fmt: skip
    row = ROWS[[data.draw(st.integers(0, len(ROWS) - 1))]].copy()
    row[0, feature] = at
    (label,) = session.run(["label"], {"x": row})
    assert label.tolist() == model.predict(row).tolist()


SESSIONS: dict[str, bytes] = {}


def test_the_model_stays_as_it_was(convert: Any) -> None:
    import pickle

    model = VotingClassifier([("a", RandomForestClassifier(3, random_state=0))], voting="soft").fit(ROWS, LABELS)
    before = pickle.dumps(model)
    convert(model, ROWS)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    "model", [GradientBoostingClassifier(n_estimators=3), GradientBoostingRegressor(n_estimators=3)]
)
def test_trees_answer_in_the_float32_that_they_compute(model: BaseEstimator, same: Any) -> None:
    rows, labels = load_wine(return_X_y=True)
    signature = same(model.fit(rows, labels), rows).converted.signature
    assert [output.tensor.dtype for output in signature.outputs if output.meaning != "label"] == ["float32"]


@pytest.mark.parametrize("classes", [[0.0, 1.0], [1.0, 2.0, 5.0], ["a", "b", "c"]], ids=["two", "three", "text"])
@pytest.mark.parametrize(
    "kind", [RandomForestClassifier, ExtraTreesClassifier, BaggingClassifier], ids=lambda kind: kind.__name__
)
def test_probabilities_stay_within_0_and_1(kind: Any, classes: list[object], same: Any) -> None:
    rows = np.random.default_rng(SEED).normal(size=(600, 4))
    labels = np.asarray(classes)[np.digitize(rows[:, 0] + rows[:, 1], np.linspace(-1, 1, len(classes) - 1))]
    asked = same(kind(n_estimators=10, random_state=SEED).fit(rows, labels), rows)
    found = asked.found["probabilities"]
    assert found.min() >= 0
    assert found.max() <= 1


def test_only_what_can_leave_0_and_1_is_held_there(convert: Any) -> None:
    rows, labels = load_wine(return_X_y=True)
    operators = {
        kind: [node.op_type for node in onnx.load_from_string(convert(kind().fit(rows, labels), rows).model).graph.node]
        for kind in (RandomForestClassifier, GradientBoostingClassifier)
    }
    assert "Clip" in operators[RandomForestClassifier]
    assert "Clip" not in operators[GradientBoostingClassifier]
