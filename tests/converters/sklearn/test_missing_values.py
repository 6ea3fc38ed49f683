"""Missing values: what the graph makes of them is what scikit-learn does."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import IsolationForest
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.impute._iterative import IterativeImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from tests.converters.sklearn.wines import CLASSES, GAPS, HELD_OUT, ROWS, title


@pytest.mark.parametrize(
    "model",
    [
        IterativeImputer(random_state=0, max_iter=3, tol=1e-1),
        IterativeImputer(Ridge(), random_state=0, max_iter=2, tol=1.0, add_indicator=True, min_value=0.2),
        IterativeImputer(random_state=0, max_iter=2, tol=1.0, n_nearest_features=2, initial_strategy="median"),
        KNNImputer(),
        KNNImputer(n_neighbors=2, weights="distance", add_indicator=True),
        make_pipeline(StandardScaler(), KNNImputer(n_neighbors=1)),
        MissingIndicator(),
        MissingIndicator(features="all"),
        SplineTransformer(handle_missing="zeros"),
        make_pipeline(IterativeImputer(random_state=0, max_iter=2, tol=1.0), StandardScaler()),
        make_pipeline(SimpleImputer(), IterativeImputer(max_iter=1, tol=1.0)),
    ],
    ids=title,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_missing_values(model: BaseEstimator, same: Any) -> None:
    same(clone(model).fit(GAPS[~HELD_OUT]), GAPS[~HELD_OUT], GAPS[HELD_OUT])


@pytest.mark.parametrize("model", [DummyClassifier(), DummyClassifier(strategy="most_frequent"), DummyRegressor()])
def test_what_looks_at_no_row_answers_to_missing_values(model: BaseEstimator, same: Any) -> None:
    rows = np.where(np.arange(5) == 1, np.inf, GAPS)
    same(clone(model).fit(rows, CLASSES), GAPS, rows)


def test_an_indicator_of_a_number_converts_where_it_never_fails(same: Any) -> None:
    rows = np.where(np.random.default_rng(0).random(ROWS.shape) < 0.3, 0.0, ROWS)
    for model in (MissingIndicator(missing_values=0.0, error_on_new=False), MissingIndicator(missing_values=0.0)):
        same(model.fit(rows), rows)


def test_a_number_that_stands_for_what_is_missing(same: Any) -> None:
    rows = np.nan_to_num(GAPS, nan=-1.0)
    same(MissingIndicator(missing_values=-1.0).fit(rows), rows)
    same(IterativeImputer(missing_values=-1.0, max_iter=2, tol=1.0).fit(rows), rows)


def test_rows_that_lack_all_that_others_have(same: Any) -> None:
    rows = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 5.0], [np.nan, 7.0], [3.0, np.nan]])
    same(KNNImputer(n_neighbors=2).fit(rows), rows, np.array([[1.5, np.nan], [np.nan, 6.0], [np.nan, np.nan]]))


@pytest.mark.parametrize("kept", [True, False])
def test_a_column_that_no_row_has_is_left_out_or_zero(kept: bool, same: Any) -> None:
    rows = np.array([[1.0, np.nan, 3.0], [2.0, np.nan, 1.0], [np.nan, np.nan, 2.0]])
    asked = same(KNNImputer(n_neighbors=1, keep_empty_features=kept).fit(rows), rows)
    assert asked.found["transformed"].shape == (3, 3 if kept else 2)


def test_missing_values_go_the_way_that_a_forest_learnt(same: Any) -> None:
    same(IsolationForest(n_estimators=10, random_state=0).fit(GAPS[~HELD_OUT]), GAPS[~HELD_OUT], GAPS[HELD_OUT])
