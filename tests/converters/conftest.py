"""Real data, and the questions that every test of a conversion asks."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from palmerpenguins import load_penguins
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lading.bundles.parity import Tolerance
from lading.bundles.session import open_session
from lading.bundles.signature import Form
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import Table, table_of
from lading.bundles.tensors.comparing import Comparison, compare
from lading.bundles.tensors.feeds import encode
from lading.converters.converter import Converted, Precision
from lading.converters.sklearn.converter import SklearnConverter

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
TEXTS = ["island", "sex"]


@dataclass(frozen=True)
class Penguins:
    """The penguins, a third of them held out."""

    frame: pd.DataFrame
    """All rows, species included."""
    train: pd.DataFrame
    labels: "pd.Series[Any]"
    held_out: pd.DataFrame


@pytest.fixture(scope="session")
def penguins() -> Penguins:
    """344 rows of mixed columns, 19 values missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package reads its file by a deprecated road
        frame = load_penguins()
    rest = frame.drop(columns="species")
    held_out = np.arange(len(frame)) % 3 == 0
    return Penguins(frame, rest[~held_out], frame["species"][~held_out], rest[held_out])


def preprocessing() -> ColumnTransformer:
    """What most people do to mixed columns."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("texts", texts, TEXTS)])


def logistic() -> LogisticRegression:
    """A classifier that converges on every data set here."""
    return LogisticRegression(max_iter=5000)


@pytest.fixture(scope="session")
def penguin_model(penguins: Penguins) -> Pipeline:
    """A fitted pipeline over mixed columns; tests that change models make their own."""
    return make_pipeline(preprocessing(), logistic()).fit(penguins.train, penguins.labels)


@dataclass(frozen=True)
class Asked:
    """A converted model and how its answers compare with the original's."""

    converted: Converted
    comparison: Comparison
    expected: dict[str, Any]
    found: dict[str, Any]


def converted(model: Any, data: object, precision: Precision = "mixed") -> Converted:
    """``model`` converted for ``data``, which holds its columns and maybe others."""
    table = _fed(model, data)
    converter = SklearnConverter()
    form: Form = "array" if converter.features(model) is None else "frame"
    return converter.convert(model, form, fields_of(table), precision)


def ask(model: Any, data: object, held_out: object | None = None, precision: Precision = "mixed") -> Asked:
    """Convert ``model`` for ``data`` and compare its answers with the graph's, on held-out rows where given."""
    made = converted(model, data, precision)
    rows = _fed(model, data if held_out is None else held_out)
    names = [output.tensor.name for output in made.signature.outputs]
    answers = open_session(made.model).run(names, encode(made.signature, rows.columns_as_numpy()))
    found = dict(zip(names, answers, strict=True))
    expected = SklearnConverter().reference(model, rows, made.signature)
    return Asked(made, compare(made.signature, expected, found, Tolerance()), expected, found)


def assert_same(model: Any, data: object, held_out: object | None = None, precision: Precision = "mixed") -> Asked:
    """The graph answers as the model does."""
    asked = ask(model, data, held_out, precision)
    assert asked.comparison.ok, asked.comparison.failures[:3]
    return asked


def _fed(model: Any, data: object) -> Table:
    table = table_of(data)
    names: Sequence[str] | None = SklearnConverter().features(model)
    return table if names is None else table.select(names)


Ask = Callable[..., Asked]
Convert = Callable[..., Converted]
Make = Callable[[], Any]


@pytest.fixture(scope="session")
def same() -> Ask:
    """Converts a model, asks both sides and demands that they answer alike."""
    return assert_same


@pytest.fixture(scope="session", name="ask")
def ask_fixture() -> Ask:
    """Converts a model and asks both sides."""
    return ask


@pytest.fixture(scope="session")
def convert() -> Convert:
    """Converts a model for some data."""
    return converted


@pytest.fixture(scope="session", name="preprocessing")
def preprocessing_fixture() -> Make:
    """Makes what most people do to mixed columns."""
    return preprocessing
