"""Settings that people use instead of the defaults, which stock converters do not have or get wrong."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KBinsDiscretizer,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lading.converters.sklearn.denials import diagnose_steps
from tests.converters.conftest import Ask

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(150, 3)).round(1) * (1, 10, 100)
"""Many of them on the edges of bins, and on the thresholds of others."""
CLASSES = np.array(["low", "middle", "high"])[(ROWS[:, 0] > 0).astype(int) + (ROWS[:, 1] > 5)]
TWO = np.where(ROWS[:, 0] + ROWS[:, 1] / 10 > 0, "yes", "no")
NUMBERS = ROWS @ [1.0, 0.1, 0.01]
LOGISTIC = LogisticRegression(max_iter=3000)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
SCALED = make_pipeline(StandardScaler(), LinearSVC())
QUANTILES = QuantileTransformer(n_quantiles=20, output_distribution="normal")


def _likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    found: np.ndarray = one @ other.T
    return found


def title(value: object) -> str:
    return str(value).replace("\n", "").replace(" ", "")[:80] if isinstance(value, BaseEstimator) else ""


@pytest.mark.parametrize(
    "model",
    [
        VotingClassifier([("l", LOGISTIC), ("t", TREE), ("n", "drop")], voting="soft", weights=[3, 1, 2]),
        VotingClassifier([("l", LOGISTIC), ("t", TREE), ("n", GaussianNB())], weights=(1, 1, 2)),
        StackingClassifier([("s", SCALED), ("t", TREE)]),
        StackingClassifier([("s", LinearSVC()), ("d", "drop"), ("t", TREE)], SCALED, passthrough=True),
        StackingClassifier([("r", RidgeClassifier()), ("n", GaussianNB())], stack_method="predict"),
        StackingClassifier([("r", RidgeClassifier()), ("n", GaussianNB())], RandomForestClassifier(5, random_state=0)),
        StackingClassifier([("r", RidgeClassifier()), ("t", TREE)], SCALED),
        make_pipeline(Binarizer(threshold=1.0), LOGISTIC),
        make_pipeline(KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"), LOGISTIC),
        make_pipeline(KBinsDiscretizer(3, encode="ordinal", strategy="uniform"), TREE),
        make_pipeline(KBinsDiscretizer(2, encode="onehot-dense", strategy="kmeans"), LOGISTIC),
        make_pipeline(QUANTILES, LOGISTIC),
        make_pipeline(QuantileTransformer(n_quantiles=150), LOGISTIC),
        KNeighborsClassifier(weights="distance"),
        KNeighborsClassifier(1, weights="distance", algorithm="brute"),
        KNeighborsClassifier(weights="distance", p=1),
        make_pipeline(StandardScaler(), KNeighborsClassifier(weights="distance")),
    ],
    ids=title,
)
@pytest.mark.parametrize("labels", [CLASSES, TWO], ids=["three classes", "two classes"])
def test_classifiers_answer_the_same(model: Any, labels: np.ndarray, same: Ask) -> None:
    same(model.fit(ROWS, labels), ROWS)


@pytest.mark.parametrize(
    "model",
    [
        VotingRegressor([("l", LinearRegression()), ("t", DecisionTreeRegressor(max_depth=3))], weights=[2, 1]),
        KNeighborsRegressor(weights="distance"),
        KNeighborsRegressor(3, weights="distance", p=1),
    ],
    ids=title,
)
def test_regressors_answer_the_same(model: Any, same: Ask) -> None:
    same(model.fit(ROWS, NUMBERS), ROWS)


def test_several_targets_and_labels_are_told_by_distance(same: Ask) -> None:
    same(KNeighborsRegressor(weights="distance").fit(ROWS, np.stack([NUMBERS, -NUMBERS], axis=1)), ROWS)
    same(KNeighborsClassifier(weights="distance").fit(ROWS, np.stack([CLASSES, TWO], axis=1)), ROWS)


def test_scores_that_the_graph_does_not_have_are_named() -> None:
    [problem] = diagnose_steps(StackingClassifier([("s", SVC(kernel=_likeness)), ("t", TREE)]).fit(ROWS, TWO))
    assert "stacks decision functions that the graph does not have" in str(problem)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("count", [1, 2, 3, 150])
def test_quantiles_are_those_of_the_original_to_the_last_digits(distribution: str, count: int, same: Ask) -> None:
    """On quantiles that are one number, between them, at both ends and beyond; and where a number is missing."""
    model = QuantileTransformer(n_quantiles=count, output_distribution=distribution).fit(ROWS)
    beyond = np.concatenate([ROWS, ROWS * 1.5, ROWS + 1e-8, np.full((1, 3), np.nan)])
    asked = same(model, beyond)
    np.testing.assert_allclose(asked.found["transformed"], asked.expected["transformed"], rtol=1e-12, atol=1e-13)


def test_the_normal_distribution_is_that_of_scipy_far_out(same: Ask) -> None:
    shares = np.concatenate([np.geomspace(1e-7, 0.5, 400), 1 - np.geomspace(1e-7, 0.5, 400)])
    model = QuantileTransformer(n_quantiles=2, output_distribution="normal").fit([[0.0], [1.0]])
    asked = same(model, shares.reshape(-1, 1))
    expected = norm.ppf(shares[1:400])
    np.testing.assert_allclose(asked.found["transformed"][1:400, 0], expected, rtol=1e-13)
