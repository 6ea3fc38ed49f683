"""Models of dictionaries: the graph answers named fields as the model answers the dictionary that they are."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from xgboost import XGBClassifier

from lading.bundles.bundle import open_bundle
from lading.bundles.parity import Tolerance
from lading.bundles.session import open_session
from lading.bundles.signature import Signature
from lading.bundles.tensors.comparing import compare
from lading.bundles.tensors.feeds import Encoder, FieldError
from lading.converters import package, track
from lading.converters.converter import UnconvertibleError
from lading.converters.package import Packaged
from lading.converters.parity import ModelFailedError, ParityError
from lading.converters.sklearn.answers import answer
from lading.converters.sklearn.layout import MISSING, takes_dictionaries
from lading.converters.training_data import NoRowsError

Rows = list[dict[str, Any]]
CITIES = ("London", "Paris", "nan", "a=b")


def made(count: int = 200, seed: int = 0) -> Rows:
    """Dictionaries that lack a key now and then; some numbers are 0, and one city is called as nothing is."""
    draw = np.random.default_rng(seed)
    rows = [
        {
            "city": str(draw.choice(CITIES)),
            "temperature": float(draw.normal()) * 10,
            "rooms": int(draw.integers(0, 4)),
            "new": bool(draw.integers(0, 2)),
        }
        for _ in range(count)
    ]
    return [{key: value for key, value in row.items() if draw.random() < 0.8} for row in rows]


ROWS = made()
LABELS = ["warm" if row.get("temperature", 0) + 5 * (row.get("city") == "Paris") > 0 else "cold" for row in ROWS]
NUMBERS = [row.get("temperature", 0) + row.get("rooms", 0) for row in ROWS]
BOTH = [int(label == "warm") for label in LABELS]
OTHERS: Rows = [
    *made(60, seed=1),
    {},
    {"city": "Atlantis"},
    {"city": "<nan>", "temperature": 0.0, "rooms": 0, "new": False},
    {"city": "", "rooms": 10**6},
    {"city": "city=Paris"},
]
"""What the models have not seen: other rows, none of the keys, other cities, zeros that are there."""
LOGISTIC = LogisticRegression(max_iter=2000)


def over(*steps: Any, **options: Any) -> Any:
    return make_pipeline(DictVectorizer(**options), *steps)


def restricted() -> Any:
    """A vectorizer that was told to keep the best of its columns, after it was fitted."""
    vectorizer = DictVectorizer()
    columns = vectorizer.fit_transform(ROWS)
    kept = SelectKBest(k=3).fit(columns, LABELS)
    vectorizer.restrict(kept.get_support())
    model = make_pipeline(vectorizer, LOGISTIC)
    LOGISTIC.fit(vectorizer.transform(ROWS), LABELS)
    return model


MODELS: dict[str, Callable[[], Any]] = {
    "alone": lambda: DictVectorizer().fit(ROWS),
    "alone, dense and unsorted": lambda: DictVectorizer(sparse=False, sort=False).fit(ROWS),
    "logistic": lambda: over(LOGISTIC).fit(ROWS, LABELS),
    "logistic over dense columns": lambda: over(LOGISTIC, sparse=False).fit(ROWS, LABELS),
    "another separator": lambda: over(LOGISTIC, separator=" is ", sort=False).fit(ROWS, LABELS),
    "numbers of 32 bits": lambda: over(LOGISTIC, dtype=np.float32).fit(ROWS, LABELS),
    "a forest": lambda: over(RandomForestClassifier(5, random_state=0)).fit(ROWS, LABELS),
    "histogram boosting": lambda: over(HistGradientBoostingClassifier(max_iter=5), sparse=False).fit(ROWS, LABELS),
    "a regression": lambda: over(MaxAbsScaler(), Ridge()).fit(ROWS, NUMBERS),
    "a target that is scaled": lambda: TransformedTargetRegressor(over(Ridge())).fit(ROWS, NUMBERS),
    "the best columns": lambda: over(SelectKBest(k=3), LOGISTIC).fit(ROWS, LABELS),
    "restricted to the best columns": restricted,
    "terms weighed": lambda: over(TfidfTransformer(), LOGISTIC).fit(ROWS, LABELS),
    "a search": lambda: GridSearchCV(over(LOGISTIC), {"dictvectorizer__sparse": [True, False]}, cv=2).fit(ROWS, LABELS),
    "a vote": lambda: VotingClassifier([("a", over(LOGISTIC)), ("b", over(RandomForestClassifier(3, random_state=0)))], voting="soft").fit(ROWS, LABELS),
    "calibrated": lambda: CalibratedClassifierCV(over(LOGISTIC), cv=2).fit(ROWS, LABELS),
    "two vectorizers": lambda: make_pipeline(FeatureUnion([("a", DictVectorizer()), ("b", DictVectorizer(dtype=np.float32))]), LOGISTIC).fit(ROWS, LABELS),
    "boosted trees over dense columns": lambda: over(XGBClassifier(n_estimators=5), sparse=False).fit(ROWS, BOTH),
}  # fmt: skip


def packed(model: Any, rows: Any, y: Any = None, **more: Any) -> Packaged:
    return package(model, rows, y=y, name="weather", **more)


def answers(packaged: Packaged, rows: Sequence[dict[str, Any]]) -> tuple[Signature, dict[str, Any]]:
    """What the graph of a bundle says of rows as a request has them."""
    with open_bundle(packaged.path) as bundle:
        signature = bundle.manifest.signature
        session = open_session(bundle.read("model/model.onnx"))
    names = [output.tensor.name for output in signature.outputs]
    found = session.run(names, Encoder(signature).encode_rows(rows, allow_extra=True))
    return signature, dict(zip(names, found, strict=True))


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_rows_are_answered_as_the_dictionaries_that_they_are(make: Callable[[], Any], tmp_path: Path) -> None:
    model = make()
    packaged = packed(model, ROWS, path=tmp_path / "weather")
    asked = [*OTHERS, *ROWS[:40]]
    signature, found = answers(packaged, asked)
    assert signature.form == "frame"
    told = getattr(model, "best_estimator_", model)
    assert compare(signature, answer(told, asked, signature.outputs), found, Tolerance()).ok
    for row in OTHERS[-6:]:
        _, alone = answers(packaged, [row])
        assert compare(signature, answer(told, [row], signature.outputs), alone, Tolerance()).ok


def test_the_columns_come_out_as_the_vectorizer_has_them(tmp_path: Path) -> None:
    model = DictVectorizer(sort=False).fit(ROWS)
    _, found = answers(packed(model, ROWS, path=tmp_path / "weather"), OTHERS)
    assert (found["transformed"] == model.transform(OTHERS).toarray()).all()


def test_the_fields_are_the_keys_any_of_which_may_be_left_out(tmp_path: Path) -> None:
    packaged = packed(over(LOGISTIC).fit(ROWS, LABELS), ROWS, LABELS, path=tmp_path / "weather")
    with open_bundle(packaged.path) as bundle:
        fields = {field.name: field for field in bundle.manifest.signature.fields}
    assert {name: (field.type, field.nullable, field.default) for name, field in fields.items()} == {
        "city": ("string", True, None),
        "temperature": ("number", False, 0),
        "rooms": ("integer", False, 0),
        "new": ("boolean", False, False),
    }
    assert fields["city"].feed is not None
    assert fields["city"].feed.missing == MISSING  # which is the name of no city


def test_null_is_a_key_that_is_not_there_for_text_and_refused_for_numbers(tmp_path: Path) -> None:
    packaged = packed(over(LOGISTIC).fit(ROWS, LABELS), ROWS, path=tmp_path / "weather")
    _, there = answers(packaged, [{"city": None, "rooms": 2}])
    _, absent = answers(packaged, [{"rooms": 2}])
    assert (there["probabilities"] == absent["probabilities"]).all()
    with pytest.raises(FieldError, match=r"'rooms', row 0: is null.*or leave the field out, which is 0"):
        answers(packaged, [{"rooms": None}])


def test_none_is_nan_for_a_model_that_learnt_it(tmp_path: Path) -> None:
    rows = [row | {"temperature": None} if number % 5 == 0 else row for number, row in enumerate(ROWS)]
    model = over(HistGradientBoostingClassifier(max_iter=20), sparse=False).fit(rows, LABELS)
    asked: Rows = [{"temperature": None}, {}, {"temperature": 0.0}]
    signature, found = answers(packed(model, rows, path=tmp_path / "weather"), asked)
    assert compare(signature, answer(model, asked, signature.outputs), found, Tolerance()).ok
    missing, absent, zero = found["probabilities"].tolist()
    assert missing != absent == zero


def test_keys_of_which_nothing_is_left_are_taken_and_not_used(tmp_path: Path) -> None:
    packaged = packed(restricted(), ROWS, path=tmp_path / "weather")
    with open_bundle(packaged.path) as bundle:
        unused = {field.name for field in bundle.manifest.signature.fields if field.feed is None}
    assert unused
    assert "city" not in unused


def test_a_table_is_its_rows_as_dictionaries(tmp_path: Path) -> None:
    cities = ["Rome", None, "Paris"] * 20
    rows: Rows = [{"city": city, "size": float(size)} for size, city in enumerate(cities)]
    frame = pd.DataFrame(rows).assign(target=[0, 1] * 30)
    rows = [row if row["city"] else {"size": row["size"]} for row in rows]
    model = over(LOGISTIC).fit(rows, frame["target"])
    by_rows = packed(model, rows, frame["target"], path=tmp_path / "rows")
    for name in ("rows.parquet", "rows.csv"):
        write = frame.to_parquet if name.endswith("parquet") else frame.to_csv
        write(tmp_path / name, index=False)
        table = packed(model, tmp_path / name, target="target", path=tmp_path / f"{name}.bundle")
        asked: Rows = [{"city": "Rome", "size": 2.0}, {"size": 40.0}, {}]
        assert (answers(table, asked)[1]["probabilities"] == answers(by_rows, asked)[1]["probabilities"]).all()


def test_an_empty_cell_of_a_number_is_nan_as_it_is_in_a_dictionary(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS)[["city", "temperature"]]
    model = over(LOGISTIC).fit([{k: v for k, v in row.items() if k in frame} for row in ROWS], LABELS)
    with pytest.raises(ModelFailedError, match="Input X contains NaN"):
        packed(model, frame, path=tmp_path / "weather")


def test_training_that_was_watched_needs_no_data(tmp_path: Path) -> None:
    with track():
        model = over(LOGISTIC).fit(ROWS[:150], LABELS[:150])
        model.score(ROWS[150:], LABELS[150:])
    seen = package(model, name="weather", path=tmp_path / "seen")
    given = packed(
        model, ROWS[:150], LABELS[:150], path=tmp_path / "given", datasets={"test": (ROWS[150:], LABELS[150:])}
    )
    assert seen.notes == given.notes == ()
    with open_bundle(seen.path) as one, open_bundle(given.path) as other:
        assert one.manifest.provenance.data == other.manifest.provenance.data
        assert list(other.manifest.provenance.datasets or {}) == ["test"]
        assert list(other.manifest.provenance.experiment.metrics) == ["test_score"]


REFUSED: dict[str, tuple[Callable[[], tuple[Any, Any]], str]] = {
    "keys that the data lacks": (
        lambda: (over(LOGISTIC).fit(ROWS, LABELS), [{"city": "Paris"}]),
        "step \"dictvectorizer\" has columns that no key of the data makes: 'temperature'",
    ),
    "a matrix": (
        lambda: (over(LOGISTIC).fit(ROWS, LABELS), np.zeros((5, 3))),
        "give the dictionaries that the model was trained on, or a table",
    ),
    "None beside text": (
        lambda: (over(Ridge(), sparse=False).fit([{"a": "x"}, {"a": "y"}], [0, 1]), [{"a": 1.0}]),
        "has columns that no key of the data makes: 'a=x', 'a=y'",
    ),
    "None that was learnt beside text": (
        lambda: (DictVectorizer().fit([{"a": "x"}, {"a": None}]), [{"a": "x"}, {"a": None}]),
        "learnt None, NaN or a number of a key that has text: 'a'; train without None and NaN, by leaving the key out",
    ),
    "two keys that make one column": (
        lambda: (DictVectorizer().fit([{"a": "x"}, {"a=x": 2.0}]), [{"a": "x"}, {"a=x": 2.0}]),
        "makes one column of two keys: 'a=x'; train with a separator",
    ),
    "numbers that are cut off": (
        lambda: (DictVectorizer(dtype=np.int64).fit(ROWS), ROWS), "makes numbers of the type int64, which cuts some",
    ),
    "a type of number that is none": (
        lambda: (DictVectorizer(dtype=lambda value: value).fit(ROWS), ROWS), "makes numbers of the type object",
    ),
    "zeros of a sparse matrix": (
        lambda: (over(XGBClassifier(n_estimators=2)).fit(ROWS, BOTH), ROWS),
        'step "xgbclassifier" takes a key that is 0 for 0, and one that is not there for missing',
    ),
    "hashed keys": (
        lambda: (make_pipeline(FeatureHasher(8), LOGISTIC).fit(ROWS, LABELS), ROWS),
        'step "featurehasher" hashes text',
    ),
    "a vectorizer within": (
        lambda: (MultiOutputRegressor(over(Ridge())).fit(ROWS, np.eye(len(ROWS))[:, :2]), ROWS),
        "has a DictVectorizer inside of an estimator that the graph asks by columns; put it before",
    ),
    "nothing that is left": (
        lambda: (DictVectorizer().fit(ROWS).restrict([]), ROWS), "makes no columns of the data's keys",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_right_is_refused(make: Callable[[], tuple[Any, Any]], words: str, tmp_path: Path) -> None:
    model, rows = make()
    with pytest.raises(UnconvertibleError) as caught:
        packed(model, rows, path=tmp_path / "weather")
    assert words in str(caught.value)


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    rows = [{"rooms": number % 4, "new": number % 3 == 0, "city": "ab"[number % 2]} for number in range(40)]
    model = DictVectorizer(dtype=int).fit(rows)
    asked: Rows = [{"rooms": 7}, {"new": True}, {"city": "a"}]
    _, found = answers(packed(model, rows, path=tmp_path / "weather"), asked)
    assert (found["transformed"] == model.transform(asked).toarray()).all()


def test_only_text_goes_through_sparse_boosted_trees(tmp_path: Path) -> None:
    rows = [{"city": "abc"[number % 3], "kind": "xy"[number % 2]} for number in range(60)]
    model = over(XGBClassifier(n_estimators=5)).fit(rows, [number % 3 == 0 or number % 2 for number in range(60)])
    asked: Rows = [*rows[:6], {}, {"city": "z"}]
    signature, found = answers(packed(model, rows, path=tmp_path / "weather"), asked)
    assert compare(signature, answer(model, asked, signature.outputs), found, Tolerance()).ok


def test_a_zero_that_is_there_is_proved_apart_from_a_key_that_is_not(tmp_path: Path) -> None:
    """The logarithm of a zero that a sparse matrix holds is infinite, of one that it lacks it is none."""
    rows = [row | {"temperature": 20.0, "rooms": 1, "new": True} for row in ROWS]
    model = over(TfidfTransformer(sublinear_tf=True, norm=None)).fit(rows)
    with pytest.raises(ParityError), np.errstate(divide="ignore", invalid="ignore"):
        packed(model, rows, path=tmp_path / "weather")


def test_no_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NoRowsError):
        packed(over(LOGISTIC).fit(ROWS, LABELS), [], path=tmp_path / "weather")


@pytest.mark.parametrize(
    "model", [LogisticRegression(), VotingClassifier([("a", LOGISTIC)]), make_pipeline("passthrough")]
)
def test_other_models_do_not_take_dictionaries(model: Any) -> None:
    assert not takes_dictionaries(model)
