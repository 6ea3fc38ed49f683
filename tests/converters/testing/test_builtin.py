"""Lading's own converters pass the checks that a plugin's have to."""

import numpy as np
import pandas as pd
import pytest
from palmerpenguins import load_penguins
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lading.converters.onnx import OnnxConverter
from lading.converters.sklearn.converter import SklearnConverter
from lading.converters.testing import Case, Check, checks

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
TEXTS = ["island", "sex"]


def penguins() -> Case:
    """Mixed columns with missing cells, and words that may be new."""
    data: pd.DataFrame = load_penguins()[["species", *TEXTS, *NUMBERS]]
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("words", words, TEXTS), ("numbers", numbers, NUMBERS)])
    model = make_pipeline(columns, LogisticRegression(max_iter=500)).fit(data[TEXTS + NUMBERS], data["species"])
    fresh = make_pipeline(SimpleImputer(), LogisticRegression())
    return Case("penguins", model, data, target="species", unfitted=fresh, distributions=("scikit-learn", "skl2onnx"))


def categories() -> Case:
    """Columns of pandas' category type, which the model splits on."""
    data = load_penguins()[["species", *TEXTS, *NUMBERS]].astype(dict.fromkeys(TEXTS, "category"))
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype")
    return Case("categories", model.fit(data[TEXTS + NUMBERS], data["species"]), data, target="species")


def dictionaries() -> Case:
    """Rows as dictionaries, of which some lack a text."""
    data = load_penguins()[["species", *TEXTS, *NUMBERS]].dropna(subset=NUMBERS)
    rows = [
        {key: value for key, value in row.items() if value == value} for row in data[TEXTS + NUMBERS].to_dict("records")
    ]
    model = make_pipeline(DictVectorizer(), RandomForestClassifier(5, random_state=1)).fit(rows, data["species"])
    fresh = make_pipeline(DictVectorizer(), RandomForestClassifier())
    return Case("dictionaries", model, data, target="species", unfitted=fresh, distributions=("scikit-learn",))


def matrix() -> Case:
    chance = np.random.default_rng(5)
    rows = chance.normal(size=(200, 4))
    forest = RandomForestClassifier(5, random_state=1).fit(rows, rows[:, 0] > 0)
    return Case("forest of a matrix", forest, rows, unfitted=RandomForestClassifier(), distributions=("scikit-learn",))


def graph() -> Case:
    rows = np.random.default_rng(6).normal(size=(200, 3)).astype(np.float32)
    made = to_onnx(Ridge().fit(rows, rows.sum(axis=1)), rows[:1])
    return Case("ready-made graph", made.SerializeToString(), rows, distributions=("onnx",))


@pytest.mark.parametrize(
    "check", checks(SklearnConverter, [penguins(), categories(), dictionaries(), matrix()]), ids=str
)
def test_scikit_learn(check: Check) -> None:
    check()


@pytest.mark.parametrize("check", checks(OnnxConverter, [graph()]), ids=str)
def test_onnx(check: Check) -> None:
    check()
