"""The estimators of an experiment."""

import pytest
from pydantic import JsonValue

from lading.bundles.outline import Line, estimator, lines
from lading.bundles.provenance import Experiment

STEP: JsonValue = {"estimator": "sklearn.linear_model.LogisticRegression", "parameters": {"C": 1}}


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        pytest.param("a.Forest", {"depth": 3}, "Forest", id="alone"),
        pytest.param(
            "a.Pipeline", {"steps": [["scale", {}], ["fit", STEP]]}, "LogisticRegression in Pipeline", id="last"
        ),
        pytest.param(
            "a.Search",
            {"estimator": {"estimator": "a.Pipeline", "parameters": {"steps": [["fit", STEP]]}}},
            "LogisticRegression in Search",
            id="a search over a pipeline",
        ),
        pytest.param("a.Pipeline", {"steps": []}, "Pipeline", id="no steps"),
        pytest.param("a.Pipeline", {"steps": [["fit", "passthrough"]]}, "Pipeline", id="a step that is text"),
        pytest.param("a.Odd", {"estimator": "text"}, "Odd", id="a parameter of that name"),
    ],
)
def test_the_estimator_that_decides(name: str, parameters: dict[str, JsonValue], said: str) -> None:
    assert estimator(Experiment(estimator=name, parameters=parameters, metrics={})) == said


@pytest.mark.parametrize(
    ("parameters", "written"),
    [
        pytest.param({"C": 1, "name": "a"}, [Line(0, "C", "1"), Line(0, "name", "a")], id="plain"),
        pytest.param(
            {"sizes": [1, 2], "map": {"a": 1}}, [Line(0, "sizes", "[1, 2]"), Line(0, "map", '{"a": 1}')], id="json"
        ),
        pytest.param(
            {"steps": [["keep", "passthrough"], ["fit", STEP]]},
            [
                Line(0, "steps", ""),
                Line(1, "keep", "passthrough"),
                Line(1, "fit", "LogisticRegression"),
                Line(2, "C", "1"),
            ],
            id="a pipeline",
        ),
        pytest.param(
            {"transformers": [["numbers", STEP, ["a", "b"]]]},
            [
                Line(0, "transformers", ""),
                Line(1, "numbers", "LogisticRegression"),
                Line(2, "C", "1"),
                Line(2, "columns", '["a", "b"]'),
            ],
            id="columns",
        ),
        pytest.param(
            {"estimator": STEP}, [Line(0, "estimator", "LogisticRegression"), Line(1, "C", "1")], id="a search"
        ),
    ],
)
def test_every_parameter_has_a_line(parameters: dict[str, JsonValue], written: list[Line]) -> None:
    assert list(lines(parameters)) == written
