"""The experiment: class, parameters and metrics, as far as the model itself tells them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lading.bundles.outline import lines
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


def test_a_fitted_search_tells_what_it_chose_and_shows_it() -> None:
    grid = {"C": [0.5, 2.0], "solver": ["lbfgs"]}
    search = GridSearchCV(LogisticRegression(max_iter=5000), grid, cv=2).fit(ROWS, LABELS)
    parameters: Any = experiment_of(search, None).parameters
    assert parameters["best_params"] == search.best_params_
    assert f'{{"C": {search.best_params_["C"]}, "solver": "lbfgs"}}' in [
        line.value for line in lines(parameters) if line.name == "best_params"
    ]


def test_a_search_at_the_end_of_nested_pipelines_tells_what_it_chose() -> None:
    search = GridSearchCV(LogisticRegression(max_iter=5000), {"C": [0.5]}, cv=2)
    model = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), search)).fit(ROWS, LABELS)
    found = experiment_of(model, None)
    inner: Any = found.parameters["steps"][1][1]["parameters"]["steps"][1]  # type: ignore[index, call-overload]
    assert inner[0] == "gridsearchcv"
    assert inner[1]["parameters"]["best_params"] == {"C": 0.5}
    assert list(found.metrics) == ["best_score"]


def test_a_choice_among_estimators_is_json() -> None:
    steps = {"standardscaler": [StandardScaler(), "passthrough"]}
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    search = GridSearchCV(model, steps, cv=2).fit(ROWS, LABELS)
    json.dumps(dict(experiment_of(search, None).parameters))


def test_pipelines_that_end_in_nothing_are_told_as_they_are() -> None:
    parameters: Any = experiment_of(make_pipeline(StandardScaler(), "passthrough"), None).parameters
    assert parameters["steps"][1] == ["passthrough", "passthrough"]


@pytest.mark.parametrize("value", [np.nan, np.inf, "high", None])
def test_metrics_are_finite_numbers(value: Any) -> None:
    with pytest.raises(MetricError, match=r"metric 'accuracy' is .*, expected a finite number"):
        experiment_of(LogisticRegression(), {"accuracy": value})


@pytest.mark.parametrize("model", ["model.onnx", Path("model.onnx"), b""])
def test_graphs_tell_only_what_they_are(model: object) -> None:
    found = experiment_of(model, None)
    assert (found.estimator, found.parameters, found.metrics) == ("onnx.ModelProto", {}, {})
