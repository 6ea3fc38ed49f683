"""XGBoost: the graph answers with XGBoost's very numbers, at every threshold and for every kind of missing value."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lading.converters import package
from lading.converters.package import Packaged
from lading.converters.parity import ModelFailedError
from lading.converters.training_data import WrongColumnsError
from tests.converters.boosting import data as of
from tests.converters.boosting.asking import Asked, ask, problems, same

SMALL: dict[str, Any] = {"n_estimators": 20, "max_depth": 4, "n_jobs": 1, "random_state": 0}
NUMBER = xgboost.XGBRegressor(**SMALL).fit(of.GAPS, of.ROWS[:, 0])
KINDS = xgboost.XGBRegressor(**SMALL, enable_categorical=True).fit(of.KINDS, of.SCORE)
CODES = of.KINDS[["age", "visits"]].to_numpy()
CODED = xgboost.XGBRegressor(**SMALL, feature_types=["q", "c"]).fit(CODES, of.SCORE)


@pytest.fixture(scope="module")
def numbers() -> Asked:
    return ask(NUMBER, of.GAPS)


@pytest.fixture(scope="module")
def coded() -> Asked:
    return ask(CODED, CODES)


def thresholds(model: Any) -> list[tuple[int, float]]:
    """Every column and number that a model compares."""
    told = json.loads(bytes(model.get_booster().save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
    return [
        (feature, condition)
        for tree in told
        for feature, condition, left in zip(tree["split_indices"], tree["split_conditions"], tree["left_children"], strict=True)
        if left >= 0
    ]  # fmt: skip


THRESHOLDS = thresholds(NUMBER)


def test_a_regressor_answers_to_the_last_bit(numbers: Asked) -> None:
    assert numbers.found["value"].dtype == np.float32
    assert numbers.found["value"].tolist() == numbers.expected["value"].tolist()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_thresholds_are_exact_to_the_last_bit(numbers: Asked, data: st.DataObject) -> None:
    feature, threshold = data.draw(st.sampled_from(THRESHOLDS))
    narrow = np.float32(threshold)
    near = [threshold, np.nextafter(narrow, np.float32(np.inf)), np.nextafter(narrow, np.float32(-np.inf))]
    near += [np.nextafter(float(narrow), np.inf), np.nextafter(float(narrow), -np.inf)]
    row = of.GAPS[[data.draw(st.integers(0, len(of.GAPS) - 1))]].copy()
    row[0, feature] = data.draw(st.sampled_from(near))
    assert numbers.session.run(["value"], {"x": row})[0].ravel().tolist() == NUMBER.predict(row).tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(allow_infinity=False), min_size=13, max_size=13))
def test_any_row_is_answered_alike(numbers: Asked, row: list[float]) -> None:
    rows = np.array([row])
    assert numbers.session.run(["value"], {"x": rows})[0].ravel().tolist() == NUMBER.predict(rows).tolist()


@settings(max_examples=100, deadline=None)
@given(st.floats(-2, 40) | st.floats(allow_infinity=False) | st.sampled_from([np.nan, -0.5, 10.999999523162842]))
def test_codes_of_categories_are_cut_as_xgboost_cuts_them(coded: Asked, code: float) -> None:
    rows = np.array([[39.9, code]])
    assert coded.session.run(["value"], {"x": rows})[0].ravel().tolist() == CODED.predict(rows).tolist()


@pytest.mark.parametrize("missing", [0.0, -999.0, 0.1])
def test_what_stands_for_a_missing_value_is_missing(missing: float) -> None:
    rows = np.where(np.isnan(of.GAPS), missing, of.GAPS)
    model = xgboost.XGBRegressor(**SMALL, missing=missing).fit(rows, of.ROWS[:, 0])
    mixed = np.concatenate([rows[:20], np.full((1, 13), np.float32(missing))])
    asked = same(model, rows, mixed)
    assert asked.found["value"].tolist() == asked.expected["value"].tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow", "polars"])
def test_categories_survive_files(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"kinds{suffix}"
    rows: Any = path
    if suffix == ".csv":
        of.KINDS.to_csv(path, index=False)
    elif suffix == ".parquet":
        of.KINDS.to_parquet(path)
    elif suffix == ".arrow":
        of.KINDS.to_feather(path)
    else:
        import polars

        rows = polars.from_pandas(of.KINDS)
    made = package(KINDS, rows, name="kinds", path=tmp_path / "kinds.lading")
    assert made.parity.outputs[0].max_ulp == 0


def test_a_category_that_was_never_seen_is_refused_as_xgboost_refuses_it() -> None:
    signature = ask(KINDS, of.KINDS).converted.signature
    fields = {field.name: field for field in signature.fields}
    assert (fields["town"].unknown, fields["grade"].unknown) == ("refuse", "refuse")
    assert fields["grade"].categories == (10, 20, 30, 50)


def test_names_that_xgboost_cuts_short_are_told_from_the_data() -> None:
    rows = pd.DataFrame({"town": pd.Categorical(["Łódź", "Kraków", "éé", "Zürich"] * 50), "age": np.arange(200.0)})
    model = xgboost.XGBRegressor(**SMALL, enable_categorical=True).fit(rows, np.arange(200) % 4)
    assert same(model, rows).comparison.worst is None
    others = rows.assign(town=rows.town.cat.rename_categories({"éé": "ee"}))
    (problem,) = problems(model, others)
    assert "not all ASCII" in problem


def test_codes_without_names_are_no_names_of_text() -> None:
    matrix = xgboost.DMatrix(CODES, of.SCORE, feature_names=["age", "visits"], feature_types=["q", "c"])
    booster = xgboost.train({"max_depth": 4}, matrix, 5)
    rows = of.KINDS[["age", "visits"]]
    (problem,) = problems(booster, rows.astype({"visits": str}))
    assert "whose names it does not keep" in problem


def test_categories_that_were_computed_are_refused() -> None:
    split = make_column_transformer((StandardScaler(), ["age", "visits"]), remainder="passthrough")
    split.set_output(transform="pandas")
    model = make_pipeline(split, xgboost.XGBRegressor(**SMALL, enable_categorical=True)).fit(of.KINDS, of.SCORE)
    (problem,) = problems(model, of.KINDS)
    assert problem.startswith('step "columntransformer › ')


NUMBERS = ("passthrough", ["age", "member", "visits"])
SPARSE = make_column_transformer((OneHotEncoder(), ["town", "grade"]), NUMBERS)
DENSE = make_column_transformer((OneHotEncoder(sparse_output=False), ["town", "grade"]), NUMBERS)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([SPARSE], id="a sparse matrix"),
        pytest.param([DENSE], id="a dense one"),
        pytest.param([SPARSE, StandardScaler(with_mean=False), SelectKBest(k=10)], id="scaled and selected"),
        pytest.param([FeatureUnion([("both", make_pipeline(SPARSE)), ("none", "drop")])], id="beside others"),
    ],
)
def test_zeros_of_a_sparse_matrix_are_missing(before: list[Any]) -> None:
    rows = of.KINDS.assign(age=of.KINDS.age.fillna(0), town=of.KINDS.town.cat.codes.astype(str))
    member = xgboost.XGBClassifier(**SMALL)
    for last in (member, VotingClassifier([("a", member), ("b", LogisticRegression(max_iter=5000))], voting="soft")):
        same(make_pipeline(*before, last).fit(rows, of.CHOICE), rows)


def test_weights_of_terms_are_float64_where_that_is_asked_for() -> None:
    rows = pd.DataFrame({"word": of.KINDS.visits.map(str)})
    terms = make_column_transformer((TfidfVectorizer(analyzer="char"), "word"))
    same(make_pipeline(terms, xgboost.XGBClassifier(**SMALL)).fit(rows, of.CHOICE), rows, precision="double")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(xgboost.XGBClassifier(), "is not fitted", id="unfitted"),
        pytest.param(xgboost.XGBClassifier(**SMALL, objective="binary:logitraw").fit(of.ROWS, of.TWO), "margins in place", id="margins"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(model: Any, said: str) -> None:
    (problem,) = problems(model, of.ROWS)
    assert said in problem


def test_the_step_that_is_refused_is_named() -> None:
    member = xgboost.XGBClassifier(**SMALL, objective="binary:logitraw").fit(of.ROWS, of.TWO)
    voting = VotingClassifier([("raw", member)], voting="soft").fit(of.ROWS, of.TWO)
    assert problems(voting, of.ROWS)[0].startswith('step "raw"')


def test_rows_with_other_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongColumnsError, match="extra: 'other'"):
        package(KINDS, of.KINDS.assign(other=1), name="kinds", path=tmp_path / "kinds.lading")
    (problem,) = problems(NUMBER, of.ROWS[:, :5])
    assert "was trained on 13 columns, the data has 5" in problem


def test_a_model_of_numbers_fails_itself_for_text(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0)})
    model = xgboost.XGBRegressor(**SMALL).fit(rows, np.arange(50))
    (problem,) = problems(model, rows.assign(b="x"))
    assert "takes text as it is" in problem
    with pytest.raises(ModelFailedError, match="inf"):
        package(model.get_booster(), rows.assign(b=np.inf), name="a", path=tmp_path / "a.lading")


def test_what_made_the_model_stands_in_the_bundle(tmp_path: Path) -> None:
    made: Packaged = package(NUMBER, of.GAPS, name="wine", path=tmp_path / "wine.lading")
    assert made.parity.reference == f"xgboost {xgboost.__version__}"
    assert made.notes == ()
