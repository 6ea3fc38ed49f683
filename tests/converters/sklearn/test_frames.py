"""Data frames: mixed columns become one numeric and one text matrix, and the graph answers as the pipeline does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
TEXTS = ["island", "sex"]
LOGISTIC = LogisticRegression(max_iter=5000)


def numbers() -> Any:
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler())


def texts() -> Any:
    return make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))


def both(*more: Any, encoder: Any = None, columns: Any = TEXTS, **options: Any) -> ColumnTransformer:
    kinds = [("numbers", numbers(), NUMBERS), ("texts", texts() if encoder is None else encoder, columns)]
    return ColumnTransformer([*kinds, *more], **options)


PIPELINES: dict[str, Callable[[], Any]] = {
    "logistic": lambda: make_pipeline(both(), LOGISTIC),
    "gradient boosting": lambda: make_pipeline(both(), GradientBoostingClassifier(n_estimators=5)),
    "histogram boosting": lambda: make_pipeline(both(), HistGradientBoostingClassifier(max_iter=5)),
    "forest": lambda: make_pipeline(both(), RandomForestClassifier(5, random_state=0)),
    "categories that raise when unknown": lambda: make_pipeline(both(encoder=OneHotEncoder()), LOGISTIC),
    "a missing value as a category": lambda: make_pipeline(both(encoder=OneHotEncoder(handle_unknown="ignore")), LOGISTIC),
    "one category dropped": lambda: make_pipeline(both(encoder=OneHotEncoder(drop="first")), LOGISTIC),
    "one category of two dropped": lambda: make_pipeline(both(encoder=OneHotEncoder(drop="if_binary")), LOGISTIC),
    "rare categories together": lambda: make_pipeline(
        both(encoder=OneHotEncoder(min_frequency=50, handle_unknown="infrequent_if_exist")), LOGISTIC
    ),
    "dense one-hot": lambda: make_pipeline(both(encoder=OneHotEncoder(sparse_output=False)).set_output(transform="pandas"), LOGISTIC),
    "ordinal": lambda: make_pipeline(
        both(encoder=OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)),
        RandomForestClassifier(5, random_state=0),
    ),
    "ordinal with NaN for the unknown": lambda: make_pipeline(
        both(encoder=OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)),
        HistGradientBoostingClassifier(max_iter=5),
    ),
    "target means": lambda: make_pipeline(both(encoder=TargetEncoder()), LOGISTIC),
    "an encoder over everything": lambda: make_pipeline(TargetEncoder(), HistGradientBoostingClassifier(max_iter=5)),
    "numbers as categories": lambda: make_pipeline(
        both(("year", OneHotEncoder(handle_unknown="ignore"), ["year"])), LOGISTIC
    ),
    "a number beside text in one encoder": lambda: make_pipeline(both(columns=[*TEXTS, "year"]), LOGISTIC),
    "the rest passed on": lambda: make_pipeline(both(remainder="passthrough"), LOGISTIC),
    "columns chosen by type": lambda: make_pipeline(
        ColumnTransformer(
            [
                ("numbers", numbers(), make_column_selector(dtype_include=np.number)),
                ("texts", texts(), make_column_selector(dtype_exclude=np.number)),
            ]
        ),
        LOGISTIC,
    ),
    "columns in another order": lambda: make_pipeline(
        ColumnTransformer([("texts", texts(), TEXTS), ("numbers", numbers(), NUMBERS[::-1])]), LOGISTIC
    ),
    "weights": lambda: make_pipeline(both(transformer_weights={"numbers": 2.0, "texts": 0.5}), LOGISTIC),
    "flags for what was missing": lambda: make_pipeline(
        ColumnTransformer([("numbers", SimpleImputer(add_indicator=True), NUMBERS), ("texts", texts(), TEXTS)]), LOGISTIC
    ),
    "a constant for what is missing": lambda: make_pipeline(
        both(encoder=make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), OneHotEncoder())), LOGISTIC
    ),
    "a union of transformers": lambda: make_pipeline(
        FeatureUnion([("a", both()), ("b", ColumnTransformer([("n", make_pipeline(SimpleImputer(), PCA(2)), NUMBERS)]))]),
        LOGISTIC,
    ),
    "a transformer inside another": lambda: make_pipeline(
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), ColumnTransformer([("a", StandardScaler(), [2, 0])])), NUMBERS),
                ("texts", texts(), TEXTS),
            ]
        ),
        LOGISTIC,
    ),
    "a vote of whole pipelines": lambda: VotingClassifier(
        [("a", make_pipeline(both(), LOGISTIC)), ("b", make_pipeline(both(), RandomForestClassifier(3, random_state=0)))],
        voting="soft",
    ),
    "a search": lambda: GridSearchCV(make_pipeline(both(), LOGISTIC), {"logisticregression__C": [0.1, 1.0]}, cv=2),
}  # fmt: skip


@pytest.mark.parametrize("make", PIPELINES.values(), ids=PIPELINES)
def test_pipelines_over_mixed_columns_answer_the_same(make: Callable[[], Any], penguins: Any, same: Any) -> None:
    model = make().fit(penguins.train, penguins.labels)
    asked = same(model, penguins.train, penguins.held_out)
    assert asked.converted.signature.form == "frame"


def test_a_target_that_is_transformed_may_stand_around_mixed_columns(penguins: Any, same: Any) -> None:
    model = TransformedTargetRegressor(make_pipeline(both(), Ridge()), func=np.log1p, inverse_func=np.expm1)
    same(model.fit(penguins.train, penguins.train["year"] - 2000.0), penguins.train, penguins.held_out)


def test_two_matrices_whatever_the_number_of_columns(penguin_model: Any, penguins: Any, convert: Any) -> None:
    signature = convert(penguin_model, penguins.train).signature
    assert {tensor.name: (tensor.dtype, tensor.shape) for tensor in signature.inputs} == {
        "numeric": ("float64", ("batch", 4)),
        "text": ("string", ("batch", 2)),
    }


def test_columns_that_the_model_ignores_stay_in_the_signature(penguin_model: Any, penguins: Any, convert: Any) -> None:
    fields = {field.name: field for field in convert(penguin_model, penguins.train).signature.fields}
    assert list(fields) == list(penguins.train.columns)
    assert fields["year"].feed is None
    assert fields["sex"].feed is not None
    assert fields["sex"].feed.missing == "\0missing"
    assert fields["island"].feed is not None
    assert fields["island"].feed.missing is None


@pytest.mark.parametrize(
    ("encoder", "unknown"),
    [
        pytest.param(OneHotEncoder(), "refuse", id="one-hot raises"),
        pytest.param(OneHotEncoder(handle_unknown="ignore"), "accept", id="one-hot ignores"),
        pytest.param(OrdinalEncoder(), "refuse", id="ordinal raises"),
        pytest.param(TargetEncoder(), "accept", id="target means know a mean"),
    ],
)
def test_unknown_categories_are_refused_where_the_model_would_fail(
    encoder: Any, unknown: str, penguins: Any, convert: Any
) -> None:
    model = make_pipeline(both(encoder=make_pipeline(SimpleImputer(strategy="most_frequent"), encoder)), LOGISTIC)
    signature = convert(model.fit(penguins.train, penguins.labels), penguins.train).signature
    field = next(field for field in signature.fields if field.name == "sex")
    assert (field.unknown, field.categories, field.nullable) == (unknown, ("female", "male"), True)


def test_whole_numbers_as_categories_are_refused_too(penguins: Any, convert: Any) -> None:
    model = make_pipeline(both(("year", OneHotEncoder(), ["year"])), LOGISTIC).fit(penguins.train, penguins.labels)
    field = next(field for field in convert(model, penguins.train).signature.fields if field.name == "year")
    assert (field.unknown, field.categories) == ("refuse", (2007, 2008, 2009))


TYPES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "boolean": lambda frame: frame["year"] > 2008,
    "nullable boolean": lambda frame: (frame["year"] > 2008).astype("boolean"),
    "nullable boolean with a gap": lambda frame: (frame["year"] > 2008).astype("boolean").mask(frame.index % 7 == 0),
    "nullable integer": lambda frame: frame["body_mass_g"].round(-3).astype("Int64"),
    "nullable float": lambda frame: frame["bill_depth_mm"].round().astype("Float64"),
    "float32": lambda frame: frame["bill_depth_mm"].round().astype("float32"),
    "string": lambda frame: frame["island"].astype("string"),
    "category of text": lambda frame: frame["sex"].astype("category"),
    "category of integers": lambda frame: frame["year"].astype("category"),
    "objects with None": lambda frame: frame["sex"].astype(object).where(frame["sex"].notna(), None),
    "objects with NaN": lambda frame: frame["sex"].astype(object).where(frame["sex"].notna(), np.nan),
}


@pytest.mark.parametrize("column", TYPES.values(), ids=TYPES)
@pytest.mark.parametrize("beside", [[], ["island"]], ids=["alone", "beside text"])
def test_encoders_see_every_type_of_column_as_they_were_fitted(
    column: Callable[[pd.DataFrame], Any], beside: list[str], penguins: Any, same: Any
) -> None:
    train, held_out = (rows.assign(extra=column(rows)) for rows in (penguins.train, penguins.held_out))
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(ColumnTransformer([("n", numbers(), NUMBERS), ("c", encoder, ["extra", *beside])]), LOGISTIC)
    same(model.fit(train, penguins.labels), train, held_out)


@pytest.mark.parametrize("name", ["boolean", "nullable boolean", "nullable integer", "nullable float", "float32"])
def test_numbers_and_booleans_pass_through(name: str, penguins: Any, same: Any) -> None:
    train, held_out = (rows.assign(extra=TYPES[name](rows)) for rows in (penguins.train, penguins.held_out))
    model = make_pipeline(
        ColumnTransformer([("n", numbers(), NUMBERS), ("p", SimpleImputer(), ["extra"])]) if "nullable" in name
        else ColumnTransformer([("n", numbers(), NUMBERS), ("p", "passthrough", ["extra"])]),
        HistGradientBoostingClassifier(max_iter=5),
    )  # fmt: skip
    same(model.fit(train, penguins.labels), train, held_out)


def test_a_text_that_reads_nan_is_not_a_missing_value(penguins: Any, same: Any) -> None:
    rows = penguins.train.assign(word=np.where(np.arange(len(penguins.train)) % 2, "nan", "yes"))
    rows["word"] = rows["word"].astype(object)
    rows.loc[rows.index[::5], "word"] = None
    model = make_pipeline(ColumnTransformer([("n", numbers(), NUMBERS), ("w", OneHotEncoder(), ["word"])]), LOGISTIC)
    field = same(model.fit(rows, penguins.labels), rows).converted.signature.fields[-1]
    assert field.feed is not None
    assert field.feed.missing not in ("nan", "yes")


def test_polars_frames_convert_and_their_nulls_stay_what_they_were(penguins: Any, same: Any) -> None:
    train, held_out = pl.from_pandas(penguins.train), pl.from_pandas(penguins.held_out)
    model = make_pipeline(both(), LOGISTIC).fit(train, penguins.labels.to_numpy())
    same(model, train, held_out)


def test_arrow_tables_stand_for_the_frames_that_the_model_was_trained_on(
    penguin_model: Any, penguins: Any, same: Any
) -> None:
    import pyarrow as pa

    same(penguin_model, pa.Table.from_pandas(penguins.held_out, preserve_index=False))


def test_frames_of_numbers_only_need_no_column_transformer(penguins: Any, same: Any) -> None:
    model = make_pipeline(SimpleImputer(), LOGISTIC).fit(penguins.train[NUMBERS], penguins.labels)
    same(model, penguins.train[NUMBERS], penguins.held_out[NUMBERS])


def _nested(inner: Any) -> Any:
    return [
        ColumnTransformer([("all", inner, ["age", "city"])]),
        ColumnTransformer(
            [("all", make_pipeline(inner, MaxAbsScaler()), ["city", "age"]), ("more", "passthrough", ["more"])],
            transformer_weights={"all": 2.0},
        ),
        ColumnTransformer([("union", FeatureUnion([("a", inner), ("b", inner)]), ["city", "age"])]),
        ColumnTransformer([("more", StandardScaler(), ["more"]), ("all", ColumnTransformer([("deep", inner, ["age", "city"])]), ["city", "age"])]),
    ]  # fmt: skip


INNER = ColumnTransformer([("numbers", StandardScaler(), ["age"]), ("texts", OneHotEncoder(), ["city"])])


@pytest.mark.parametrize("outer", _nested(INNER), ids=["alone", "weighed", "twice", "deep"])
def test_branches_over_text_and_numbers_answer_the_same(outer: Any, same: Any) -> None:
    rows = pd.DataFrame({"age": np.arange(60.0) % 17, "city": ["a", "b", "c"] * 20, "more": np.arange(60) % 5})
    same(make_pipeline(outer, Ridge()).fit(rows, np.arange(60) % 4), rows)


def test_integers_beside_floats_are_not_truncated(penguins: Any, same: Any) -> None:
    columns = ["year", *NUMBERS]
    model = HistGradientBoostingClassifier(max_iter=20).fit(penguins.train[columns], penguins.labels)
    same(model, penguins.train[columns], penguins.held_out[columns])


WORDS = ["the quick brown fox", "καλημέρα κόσμε", "über alles été", "no such word x yy zz", "東京 タワー と 京都"]


@pytest.mark.parametrize(
    "vectorizer",
    [
        pytest.param(TfidfVectorizer(), id="tf-idf"),
        pytest.param(TfidfVectorizer(ngram_range=(1, 2), norm="l1"), id="pairs of words"),
        pytest.param(CountVectorizer(binary=True, stop_words=["the"]), id="binary counts"),
        pytest.param(CountVectorizer(analyzer="char", ngram_range=(1, 2)), id="characters"),
        pytest.param(CountVectorizer(token_pattern="[a-z]+"), id="a pattern of one's own"),
    ],
)
def test_text_is_split_as_scikit_learn_splits_it(vectorizer: Any, same: Any) -> None:
    rows = pd.DataFrame({"text": WORDS * 8, "number": np.arange(40.0)})
    labels = np.arange(40) % 5
    transformer = ColumnTransformer([("t", vectorizer, "text"), ("n", StandardScaler(), ["number"])])
    asked = same(make_pipeline(transformer, LOGISTIC).fit(rows, labels), rows)
    assert asked.converted.graph.locale == "C.UTF-8"


def test_a_vectorizer_at_the_start_takes_one_column(same: Any) -> None:
    rows = pd.DataFrame({"text": WORDS * 4})
    same(make_pipeline(TfidfVectorizer(), LOGISTIC).fit(rows["text"], np.arange(20) % 5), rows)


def test_arrays_of_text_are_one_tensor_of_text(penguins: Any, same: Any) -> None:
    rows = penguins.train[TEXTS].fillna("none").to_numpy(dtype=object)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LOGISTIC).fit(rows, penguins.labels)
    (tensor,) = same(model, rows).converted.signature.inputs
    assert (tensor.name, tensor.dtype) == ("x", "string")
