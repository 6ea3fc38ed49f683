"""CatBoost: the graph decides as CatBoost does, counters of categories too."""

from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline

from lading.bundles.tables.table import table_of
from lading.bundles.tensors.feeds import encode
from lading.converters import package
from lading.converters.catboost import counting
from lading.converters.catboost.reading import read
from lading.converters.parity import ModelFailedError
from tests.converters.boosting import data as of
from tests.converters.boosting.asking import Asked, ask, problems, same
from tests.converters.boosting.catboost_models import KINDS, SMALL

MODELS = {
    mode: catboost.CatBoostRegressor(**SMALL, nan_mode=mode).fit(of.GAPS, of.ROWS[:, 0]) for mode in ("Min", "Max")
}
BORDERS = {
    name: [test for test in read(model).tests if abs(getattr(test, "border", np.inf)) < 1e38]
    for name, model in MODELS.items()
}
COMBINED: dict[str, Any] = {
    **SMALL, "iterations": 60, "depth": 6, "max_ctr_complexity": 4, "one_hot_max_size": 3,
    "cat_features": ["town", "grade", "member", "visits"],
}  # fmt: skip
MIXED = KINDS.assign(member=KINDS.member.map({True: "yes", False: "no"}))
TARGET = np.sin(of.SCORE * 3) + (MIXED.age > 40) * (MIXED.town == "a") * 3 + ((MIXED.town < "m") & (MIXED.member == "yes") & (MIXED.grade == 20)) * 4  # fmt: skip


@pytest.fixture(scope="module")
def sides() -> dict[str, Asked]:
    return {name: ask(model, of.GAPS) for name, model in MODELS.items()}


@pytest.fixture(scope="module")
def combined() -> Any:
    return catboost.CatBoostRegressor(**COMBINED).fit(MIXED, TARGET)


@pytest.fixture(scope="module")
def counted(combined: Any) -> Asked:
    return ask(combined, MIXED)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=50, deadline=None)
@given(st.data())
def test_borders_are_exact_to_the_last_bit(name: str, sides: dict[str, Asked], data: st.DataObject) -> None:
    test: Any = data.draw(st.sampled_from(BORDERS[name]))
    narrow = np.float32(test.border)
    near = [float(narrow), np.nextafter(narrow, np.float32(np.inf)), np.nextafter(narrow, np.float32(-np.inf)), np.nan]
    near += [np.nextafter(float(narrow), np.inf), np.nextafter(float(narrow), -np.inf), np.inf, -np.inf]
    row = of.GAPS[[data.draw(st.integers(0, len(of.GAPS) - 1))]].copy()
    row[0, test.column] = data.draw(st.sampled_from(near))
    assert sides[name].session.run(["value"], {"x": row})[0].ravel() == pytest.approx(
        MODELS[name].predict(row), rel=1e-6
    )


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(), min_size=13, max_size=13))
def test_any_row_is_answered_alike(name: str, sides: dict[str, Asked], row: list[float]) -> None:
    rows = np.array([row])
    assert sides[name].session.run(["value"], {"x": rows})[0].ravel() == pytest.approx(
        MODELS[name].predict(rows), rel=1e-6
    )


def test_counters_of_combinations_answer_alike(combined: Any) -> None:
    counters = read(combined).counters
    assert max(len(counter.columns) for counter in counters) > 1
    assert {type(test).__name__ for counter in counters for test in counter.tests} == {"Match", "Threshold"}
    same(combined, MIXED)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_combinations_that_were_never_seen_are_answered_alike(
    combined: Any, counted: Asked, data: st.DataObject
) -> None:
    towns = [*MIXED.town.unique().tolist(), "nowhere", "nan"]
    rows = pd.DataFrame(
        {
            "age": data.draw(st.lists(st.floats(0, 90) | st.just(np.nan), min_size=8, max_size=8)),
            "town": data.draw(st.lists(st.sampled_from(towns), min_size=8, max_size=8)),
            "grade": data.draw(st.lists(st.sampled_from([10, 20, 30, 40, 50]), min_size=8, max_size=8)),
            "member": data.draw(st.lists(st.sampled_from(["yes", "no", "maybe"]), min_size=8, max_size=8)),
            "visits": data.draw(st.lists(st.integers(-5, 40), min_size=8, max_size=8)),
        }
    )
    feeds = encode(counted.converted.signature, table_of(rows).columns_as_numpy())
    found = counted.session.run(["value"], feeds)[0]
    assert found.ravel() == pytest.approx(combined.predict(rows), rel=1e-5, abs=1e-6)


def test_categories_survive_a_file_of_text(tmp_path: Path, combined: Any) -> None:
    path = tmp_path / "kinds.csv"
    MIXED.to_csv(path, index=False)
    assert package(combined, path, name="kinds", path=tmp_path / "kinds.lading").parity.waiver is None


def test_categories_that_the_model_knows_better_than_the_data_are_refused(combined: Any) -> None:
    some = MIXED[MIXED.town < "k"]
    fields = {field.name: field for field in same(combined, some).converted.signature.fields}
    assert fields["town"].unknown == "refuse"
    assert set(fields["town"].categories or ()) == set(some.town)
    assert same(combined, MIXED).converted.signature.fields[1].unknown == "accept"


def test_too_many_combinations_are_refused(combined: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "LARGEST", 40)
    (problem,) = problems(combined, MIXED)
    assert "max_ctr_complexity=1" in problem


def test_categories_that_the_data_does_not_show_are_refused() -> None:
    rows = pd.DataFrame({"name": [f"somebody {number}" for number in range(300)], "age": np.arange(300.0)})
    model = catboost.CatBoostRegressor(**SMALL, cat_features=["name"]).fit(rows, np.arange(300) % 3)
    (problem,) = problems(model, rows)
    assert "keeps hashes of its categories" in problem
    assert "'name'" in problem


def test_missing_categories_fail_in_the_model_itself(combined: Any, tmp_path: Path) -> None:
    gaps = MIXED.assign(town=MIXED.town.where(MIXED.town != "a"))
    with pytest.raises(ModelFailedError, match="NaN"):
        package(combined, gaps, name="kinds", path=tmp_path / "kinds.lading")


@pytest.mark.parametrize(
    ("model", "rows", "said"),
    [
        pytest.param(catboost.CatBoostClassifier(), of.ROWS, "is not fitted", id="unfitted"),
        pytest.param(catboost.CatBoost(), of.ROWS, "is not fitted", id="unfitted, plain"),
        pytest.param(
            make_pipeline(catboost.CatBoost({**SMALL, "loss_function": "Logloss"})).fit(of.ROWS, of.TWO),
            of.ROWS, "has no ONNX converter", id="a plain model inside a pipeline",
        ),
        pytest.param(
            catboost.CatBoostClassifier(**SMALL, text_features=["words"]).fit(
                pd.DataFrame({"words": ["red wine", "white wine", "no wine"] * 30, "age": range(90)}), [0, 1, 2] * 30
            ),
            pd.DataFrame({"words": ["red wine", "white wine", "no wine"] * 30, "age": range(90)}), "features of text", id="text",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(model: Any, rows: Any, said: str) -> None:
    (problem,) = problems(model, rows)
    assert said in problem
