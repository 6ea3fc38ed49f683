"""LightGBM: the graph decides as LightGBM does, at every threshold and for every kind of missing value."""

import re
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.converters.boosting import data as of
from tests.converters.boosting.asking import Asked, ask, problems, same
from tests.converters.boosting.lightgbm_models import SMALL

KINDS = lightgbm.LGBMRegressor(**SMALL).fit(of.KINDS, of.SCORE)
ROWS = np.where(np.isnan(of.GAPS), np.random.default_rng(of.SEED).choice([np.nan, 0.0], of.GAPS.shape), of.GAPS)
"""Rows in which both NaN and 0 may be missing values."""
MISSING: dict[str, dict[str, Any]] = {
    "NaN": {},
    "nothing": {"use_missing": False},
    "zero": {"zero_as_missing": True},
}
MODELS = {name: lightgbm.LGBMRegressor(**SMALL, **said).fit(ROWS, of.ROWS[:, 0]) for name, said in MISSING.items()}
MODELS["linear"] = lightgbm.LGBMRegressor(**SMALL, linear_tree=True).fit(ROWS, of.ROWS[:, 0])


@pytest.fixture(scope="module")
def sides() -> dict[str, Asked]:
    return {name: ask(model, ROWS) for name, model in MODELS.items()}


def thresholds(model: Any) -> list[tuple[int, float]]:
    """Every column and number that a model compares."""
    text = model.booster_.model_to_string()
    features = [int(one) for line in re.findall("^split_feature=(.*)$", text, re.M) for one in line.split()]
    return list(zip(features, (float(one) for line in re.findall("^threshold=(.*)$", text, re.M) for one in line.split()), strict=True))  # fmt: skip


THRESHOLDS = {name: thresholds(model) for name, model in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=50, deadline=None)
@given(st.data())
def test_thresholds_are_exact_to_the_last_bit(name: str, sides: dict[str, Asked], data: st.DataObject) -> None:
    feature, threshold = data.draw(st.sampled_from(THRESHOLDS[name]))
    near = [threshold, np.nextafter(threshold, np.inf), np.nextafter(threshold, -np.inf), np.nan, 0.0]
    row = ROWS[[data.draw(st.integers(0, len(ROWS) - 1))]].copy()
    row[0, feature] = data.draw(st.sampled_from(near))
    assert sides[name].session.run(["value"], {"x": row})[0].ravel() == pytest.approx(
        MODELS[name].predict(row), rel=1e-6
    )


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([np.nan, 0.0, 1e-36, -1e-35]), min_size=13, max_size=13))
def test_any_row_is_answered_alike(name: str, sides: dict[str, Asked], row: list[float]) -> None:
    rows = np.array([row])
    assert sides[name].session.run(["value"], {"x": rows})[0].ravel() == pytest.approx(MODELS[name].predict(rows), rel=1e-6, abs=1e-6)  # fmt: skip


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("scaled", [False, True])
def test_calibration_takes_the_sums(method: str, scaled: bool) -> None:
    model: Any = lightgbm.LGBMClassifier(**SMALL)
    model = make_pipeline(StandardScaler().set_output(transform="default"), model) if scaled else model
    same(CalibratedClassifierCV(model, method=method, cv=2).fit(of.ROWS, of.TWO), of.ROWS)


def test_categories_of_every_kind_are_coded() -> None:
    fresh = of.KINDS.iloc[:50].copy()
    fresh["town"] = fresh.town.cat.add_categories("nowhere").fillna("nowhere")
    fields = {field.name: field for field in same(KINDS, of.KINDS, fresh).converted.signature.fields}
    assert fields["town"].unknown == "accept"


def test_categories_of_a_file_without_types_are_told_by_the_model() -> None:
    plain = of.KINDS.assign(town=of.KINDS.town.astype(object), grade=of.KINDS.grade.astype(int))
    same(KINDS, plain)


def test_columns_that_hold_something_else_are_not_taken_for_categories() -> None:
    rows = pd.DataFrame({"code": np.arange(300) % 4, "size": pd.Categorical(np.arange(300) % 3 * 10, ordered=True)})
    model = lightgbm.LGBMRegressor(**SMALL).fit(rows, rows["size"].cat.codes + rows.code, categorical_feature=["code"])
    same(model, rows)
    (problem,) = problems(model, rows.astype({"size": int}))
    assert "not of which columns they are" in problem


def test_columns_that_nobody_can_tell_are_refused() -> None:
    rows = pd.DataFrame({"a": pd.Categorical(np.arange(300) % 3), "b": pd.Categorical(np.arange(300) % 7), "c": np.arange(300) % 5.0})  # fmt: skip
    model = lightgbm.LGBMRegressor(**SMALL).fit(rows, rows.a.cat.codes * 1.0)
    (problem,) = problems(model, rows.astype({"a": int, "b": int, "c": str}))
    assert "not of which columns they are" in problem


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(lightgbm.LGBMClassifier(), "is not fitted", id="unfitted"),
        pytest.param(lightgbm.LGBMClassifier(**SMALL, pred_early_stop=True).fit(of.ROWS, of.TWO), "pred_early_stop", id="stops"),
        pytest.param(lightgbm.LGBMClassifier(**SMALL, objective=lambda y, p: (p - y, np.ones_like(p))).fit(of.ROWS, of.TWO), "its own objective", id="own objective"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(model: Any, said: str) -> None:
    (problem,) = problems(model, of.ROWS)
    assert said in problem


def test_labels_of_mixed_types_keep_their_names() -> None:
    labels = np.array(["red", "7", "true"])[of.CLASSES]
    signature = same(lightgbm.LGBMClassifier(**SMALL).fit(of.ROWS, labels), of.ROWS).converted.signature
    assert signature.outputs[0].classes == ("7", "red", "true")


def test_what_was_scored_while_training_stands_in_the_experiment() -> None:
    from lading.converters.experiment import experiment_of

    model = lightgbm.LGBMRegressor(**SMALL).fit(of.ROWS, of.TWO, eval_X=of.ROWS, eval_y=of.TWO)
    (name,) = experiment_of(model, None).metrics
    assert re.fullmatch(r"best_\w+_l2", name)
