"""Classifiers of several labels: each target has its label and its probabilities, which are the model's own."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, RidgeClassifier, RidgeClassifierCV
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier
from xgboost import XGBClassifier

from lading.converters.sklearn.several import labels, probabilities
from tests.converters.conftest import preprocessing

WINE = load_wine()
ROWS = StandardScaler().fit_transform(WINE.data[:, :6]) + np.random.default_rng(0).normal(0, 0.5, (178, 6))
HELD_OUT = np.arange(len(ROWS)) % 3 == 0
CLASSES = WINE.target
STRONG = ROWS[:, 0] > 0
NOISE = np.random.default_rng(1).random((178, 3)) < 0.1
MANY = np.where(NOISE, 1 - np.eye(3, dtype=int)[CLASSES], np.eye(3, dtype=int)[CLASSES])
"""An indicator matrix of three labels."""
TEXTS = np.stack([np.array(["red", "rosé", "white"])[CLASSES], np.where(STRONG, "strong", "light")], axis=1)
"""Two targets of text, one with three classes and one with two."""
WHOLE = np.stack([CLASSES * 10, STRONG + 5], axis=1)
TRUTHS = np.stack([CLASSES > 0, STRONG], axis=1)
LONELY = np.stack([CLASSES > 0, CLASSES < 9], axis=1).astype(int)
"""Two targets, one of which has one class alone."""
LOGISTIC = LogisticRegression(max_iter=1000)
FAST: dict[str, Any] = {"n_estimators": 5, "random_state": 0}
QUIET: dict[str, Any] = {"verbose": 0, "allow_writing_files": False}


def title(value: object) -> str:
    return str(value).replace("\n", "")[:60] if isinstance(value, BaseEstimator) else ""


def fitted(model: Any, targets: np.ndarray) -> Any:
    return clone(model).fit(ROWS[~HELD_OUT], targets[~HELD_OUT])


def proved(model: Any, targets: np.ndarray, same: Any) -> Any:
    asked = same(fitted(model, targets), ROWS[~HELD_OUT], ROWS[HELD_OUT])
    assert asked.comparison.label_flips == 0
    return asked


AROUND_ONE = [
    LOGISTIC, make_pipeline(StandardScaler(), LOGISTIC), GridSearchCV(LOGISTIC, {"C": [0.1, 1.0]}, cv=2), LinearSVC(), SVC(),
    RandomForestClassifier(**FAST), HistGradientBoostingClassifier(max_iter=5), KNeighborsClassifier(), GaussianNB(),
    CalibratedClassifierCV(LinearSVC(), cv=2), VotingClassifier([("a", LOGISTIC), ("b", GaussianNB())], voting="soft"),
    LGBMClassifier(**FAST, verbose=-1), OneVsRestClassifier(LOGISTIC),
]  # fmt: skip


@pytest.mark.parametrize("member", AROUND_ONE, ids=title)
def test_a_classifier_for_each_target(member: Any, same: Any) -> None:
    found = proved(MultiOutputClassifier(member), TEXTS, same).converted.signature.outputs
    measured = hasattr(member, "predict_proba")
    assert [(output.meaning, output.targets, output.classes) for output in found] == [
        (meaning, (target,), classes)
        for target, classes in (("0", ("red", "rosé", "white")), ("1", ("light", "strong")))
        for meaning in (("label", "probabilities") if measured else ("label",))
    ]


@pytest.mark.parametrize("member", [*AROUND_ONE[:3], *AROUND_ONE[4:], XGBClassifier(**FAST)], ids=title)
@pytest.mark.parametrize("order", [None, [2, 0, 1]], ids=["in order", "in another order"])
def test_a_chain(member: Any, order: Any, same: Any) -> None:
    proved(ClassifierChain(member, order=order), MANY, same)


@pytest.mark.parametrize("told", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_a_chain_hands_on_what_it_was_trained_to(told: str, same: Any) -> None:
    proved(ClassifierChain(LOGISTIC, chain_method=told, order=[1, 2, 0]), MANY, same)
    proved(ClassifierChain(make_pipeline(StandardScaler(), LOGISTIC), chain_method=told, cv=3), MANY, same)


def test_a_chain_of_linear_functions_hands_these_on(same: Any) -> None:
    proved(ClassifierChain(LinearSVC(), chain_method=["predict_proba", "decision_function"]), MANY, same)


@pytest.mark.parametrize(
    "member",
    [LOGISTIC, SVC(), LinearSVC(), RandomForestClassifier(**FAST), GradientBoostingClassifier(**FAST), GaussianNB(),
     HistGradientBoostingClassifier(max_iter=5), LGBMClassifier(**FAST, verbose=-1), make_pipeline(StandardScaler(), LOGISTIC)],
    ids=title,
)  # fmt: skip
def test_one_against_the_rest(member: Any, same: Any) -> None:
    found = proved(OneVsRestClassifier(member), MANY, same).converted.signature.outputs
    assert {output.classes for output in found} == {(0, 1)}


@pytest.mark.filterwarnings("ignore:Label . is present")
def test_a_label_that_all_rows_have_is_always_told(same: Any) -> None:
    proved(OneVsRestClassifier(GaussianNB()), LONELY[:, ::-1], same)
    asked = proved(OneVsRestClassifier(LOGISTIC), LONELY, same)
    assert set(asked.found["label_1"].tolist()) == {1}
    assert set(asked.found["probabilities_1"][:, 1].tolist()) == {1.0}


def test_an_indicator_of_other_numbers_is_answered_as_scikit_learn_does_with_0_and_1(same: Any) -> None:
    assert set(proved(OneVsRestClassifier(LOGISTIC), MANY * 2 - 1, same).found["label_0"].tolist()) == {0, 1}


BY_THEMSELVES = [
    DecisionTreeClassifier(max_depth=4, random_state=0), ExtraTreeClassifier(random_state=0), RandomForestClassifier(**FAST),
    ExtraTreesClassifier(**FAST), KNeighborsClassifier(), RadiusNeighborsClassifier(9.0, outlier_label="most_frequent"),
    DummyClassifier(), make_pipeline(StandardScaler(), RandomForestClassifier(**FAST)),
]  # fmt: skip


@pytest.mark.parametrize("model", BY_THEMSELVES, ids=title)
@pytest.mark.parametrize("targets", [TEXTS, WHOLE, MANY, LONELY], ids=["texts", "whole numbers", "many", "one class"])
def test_estimators_that_take_several_targets(model: Any, targets: np.ndarray, same: Any) -> None:
    if targets is TEXTS and isinstance(model, RadiusNeighborsClassifier):
        model = RadiusNeighborsClassifier(9.0, outlier_label=["red", "light"])
    proved(model, targets, same)


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier(9, max_iter=30), MLPClassifier((5, 4), activation="tanh", max_iter=30),
        MLPClassifier(5, activation="logistic", max_iter=30), MLPClassifier(5, activation="identity", max_iter=30),
        RidgeClassifier(), RidgeClassifierCV(), XGBClassifier(**FAST), XGBClassifier(**FAST, multi_strategy="multi_output_tree"),
        CatBoostClassifier(iterations=5, loss_function="MultiLogloss", **QUIET),
        CatBoostClassifier(iterations=5, loss_function="MultiCrossEntropy", **QUIET),
    ],
    ids=title,
)  # fmt: skip
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_of_an_indicator_matrix(model: Any, count: int, same: Any) -> None:
    found = proved(model, MANY[:, :count], same).converted.signature.outputs
    assert [output.targets for output in found if output.meaning == "label"] == [
        (str(place),) for place in range(count)
    ]


def test_a_threshold_of_catboosts_holds_for_every_label(same: Any) -> None:
    model = fitted(CatBoostClassifier(iterations=20, loss_function="MultiLogloss", **QUIET), MANY)
    model.set_probability_threshold(0.8)
    same(model, ROWS[~HELD_OUT], ROWS[HELD_OUT])


@pytest.mark.parametrize(
    ("targets", "classes", "coded"),
    [
        pytest.param(WHOLE, ((0, 10, 20), (5, 6)), False, id="whole numbers"),
        pytest.param(WHOLE.astype(float), ((0.0, 10.0, 20.0), (5.0, 6.0)), True, id="floats"),
        pytest.param(TRUTHS, ((False, True), (False, True)), True, id="true and false"),
        pytest.param(TEXTS.astype(object), (("red", "rosé", "white"), ("light", "strong")), False, id="objects"),
    ],
)
@pytest.mark.parametrize("model", [MultiOutputClassifier(LOGISTIC), DecisionTreeClassifier(max_depth=3)], ids=title)
def test_each_target_has_its_own_classes(model: Any, targets: Any, classes: Any, coded: bool, same: Any) -> None:
    found = [output for output in proved(model, targets, same).converted.signature.outputs if output.meaning == "label"]
    assert tuple(output.classes for output in found) == classes
    assert {output.coded for output in found} == {coded}


def test_a_chain_of_targets_that_have_other_than_two_classes_has_no_probabilities(same: Any) -> None:
    for model, targets in ((LOGISTIC, WHOLE), (DecisionTreeClassifier(max_depth=3), LONELY)):
        found = proved(ClassifierChain(model), targets, same).converted.signature.outputs
        assert [output.tensor.name for output in found] == ["label_0", "label_1"]


@pytest.mark.parametrize(
    "model",
    [
        GridSearchCV(MultiOutputClassifier(LOGISTIC), {"estimator__C": [0.1, 1.0]}, cv=2),
        GridSearchCV(make_pipeline(StandardScaler(), ClassifierChain(LOGISTIC)), {"classifierchain__estimator__C": [1.0]}, cv=2),
        make_pipeline(StandardScaler(), OneVsRestClassifier(LOGISTIC)),
        make_pipeline(StandardScaler(), GridSearchCV(RandomForestClassifier(**FAST), {"max_depth": [2, 3]}, cv=2)),
    ],
    ids=title,
)  # fmt: skip
def test_searches_and_pipelines_around_them(model: Any, same: Any) -> None:
    proved(model, MANY, same)


@pytest.mark.parametrize("around", [MultiOutputClassifier, lambda pipeline: pipeline], ids=["outside", "inside"])
def test_mixed_columns_reach_every_member(around: Any, penguins: Any, same: Any) -> None:
    kinds = penguins.labels
    heavy = pd.Series(np.where(penguins.train["body_mass_g"].fillna(0) > 4200, "heavy", "slight"), kinds.index)
    last = LOGISTIC if around is MultiOutputClassifier else MultiOutputClassifier(LOGISTIC)
    model = around(make_pipeline(preprocessing(), last))
    model.fit(penguins.train, pd.DataFrame({"kind": kinds, "weight": heavy}))
    same(model, penguins.train, penguins.held_out)


def test_text_reaches_every_member(same: Any) -> None:
    rows = pd.DataFrame({"island": ["Biscoe", "Dream", "Torgersen"] * 20, "size": np.arange(60.0)})
    columns = preprocessing().set_params(transformers=[("texts", preprocessing().transformers[1][1], ["island"])])
    model = OneVsRestClassifier(make_pipeline(columns, LOGISTIC))
    same(model.fit(rows, np.stack([np.arange(60) % 3 == 0, np.arange(60) % 2], axis=1).astype(int)), rows)


def test_a_forest_sends_missing_values_where_it_learnt(same: Any) -> None:
    gaps = np.where(np.random.default_rng(2).random(ROWS.shape) < 0.2, np.nan, ROWS)
    model = RandomForestClassifier(10, random_state=0).fit(gaps[~HELD_OUT], TEXTS[~HELD_OUT])
    same(model, gaps[~HELD_OUT], gaps[HELD_OUT])


@pytest.mark.parametrize(
    ("model", "targets"),
    [
        pytest.param(MultiOutputClassifier(LOGISTIC), TEXTS, id="a list of matrices"),
        pytest.param(OneVsRestClassifier(LOGISTIC), MANY, id="one matrix, a column for each label"),
        pytest.param(MLPClassifier(9, max_iter=400), MANY, id="a network"),
        pytest.param(ClassifierChain(LOGISTIC, order=[2, 0, 1]), MANY, id="a chain"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_reference_is_what_the_model_says(model: Any, targets: np.ndarray) -> None:
    model = fitted(model, targets)
    said = model.predict(ROWS)
    assert all((column == said[:, place]).all() for place, column in enumerate(labels(model, ROWS)))
    chances = model.predict_proba(ROWS)
    for place, found in enumerate(probabilities(model, ROWS)):
        if isinstance(chances, list):
            np.testing.assert_array_equal(found, chances[place])
        else:
            np.testing.assert_array_equal(found[:, 1], chances[:, place])
            np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_an_indicator_that_was_sparse_is_told_dense(same: Any) -> None:
    model = OneVsRestClassifier(LOGISTIC).fit(ROWS, csr_matrix(MANY))
    assert hasattr(model.predict(ROWS), "toarray")
    same(model, ROWS)
