"""The experiment: class, parameters and metrics, as far as the model itself tells them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lading.converters.experiment import MetricError, experiment_of

ROWS, LABELS = load_iris(return_X_y=True)


def test_parameters_are_nested_and_json() -> None:
    parameters: Any = experiment_of(make_pipeline(StandardScaler(), LogisticRegression(C=0.5)), None).parameters
    assert parameters["steps"][1][1]["parameters"]["C"] == 0.5


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param({}, "best_score", id="the estimator's own score"),
        pytest.param({"scoring": "f1_macro"}, "best_f1_macro", id="one metric"),
        pytest.param(
            {"scoring": ["accuracy", "f1_macro"], "refit": "accuracy"}, "best_accuracy", id="the one of several"
        ),
    ],
)
def test_a_fitted_search_carries_its_metric(options: Any, name: str) -> None:
    search = GridSearchCV(LogisticRegression(max_iter=5000), {"C": [1.0]}, cv=2, **options).fit(ROWS, LABELS)
    assert experiment_of(search, {"recall": 0.5}).metrics == {name: search.best_score_, "recall": 0.5}


@pytest.mark.parametrize("value", [np.nan, np.inf, "high", None])
def test_metrics_are_finite_numbers(value: Any) -> None:
    with pytest.raises(MetricError, match=r"metric 'accuracy' is .*, expected a finite number"):
        experiment_of(LogisticRegression(), {"accuracy": value})


@pytest.mark.parametrize("model", ["model.onnx", Path("model.onnx"), b""])
def test_graphs_tell_only_what_they_are(model: object) -> None:
    found = experiment_of(model, None)
    assert (found.estimator, found.parameters, found.metrics) == ("onnx.ModelProto", {}, {})
