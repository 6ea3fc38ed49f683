"""The models that the clients ask for: iris, an income table and diabetes with scikit-learn, and a few made by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import write_bundle
from lading.bundles.session import open_session, session_of
from lading.bundles.tensors.feeds import Encoder
from lading.converters import package
from tests.runtime.drafts import DRAFTS

BY_HAND = ("cells", "coins", "images", "penguins", "roots")

Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Served:
    """A bundle that a server was started with, and ONNX Runtime over its graph in this process."""

    path: Path
    rows: pd.DataFrame
    """Rows that the model has not seen; empty for a model made by hand."""
    original: Any = None
    """The model that was packaged, where scikit-learn has it."""

    def outputs(self, rows: pd.DataFrame | None = None) -> Arrays:
        """What ONNX Runtime answers to ``rows``, all of them where none are given."""
        asked = self.rows if rows is None else rows
        return self.answers({name: asked[name].to_numpy() for name in asked.columns})

    def answers(self, columns: Mapping[str, Any]) -> Arrays:
        """What ONNX Runtime answers to one array for each field."""
        with open_bundle(self.path) as bundle:
            signature, graph = bundle.manifest.signature, bundle.read(bundle.manifest.graph.path)
        session = session_of(signature, open_session(graph))
        names = [output.tensor.name for output in signature.outputs]
        feeds = Encoder(signature).encode({name: np.asarray(values) for name, values in columns.items()})
        return dict(zip(names, session.run(names, feeds), strict=True))


def make(folder: Path) -> dict[str, Served]:
    """Train, package and write all of them into ``folder``."""
    made = (_iris, _iris_frame, _income, _progress, _pair)
    found = {one.__name__.removeprefix("_").replace("_", "-"): one(folder) for one in made}
    for name in BY_HAND:
        write_bundle(DRAFTS[name](), folder / f"{name}.lading")
        found[name] = Served(folder / f"{name}.lading", pd.DataFrame())
    return found


def _iris(folder: Path) -> Served:
    """Iris from an array: a matrix of four columns."""
    values, species = load_iris(return_X_y=True)
    model = RandomForestClassifier(20, random_state=0).fit(values[::2], species[::2])
    path = folder / "iris.lading"
    package(model, values[::2], name="iris", version="1", path=path)  # perf_analyzer reads numbers
    unseen = pd.DataFrame(values[1::2])
    with open_bundle(path) as bundle:
        unseen.columns = [field.name for field in bundle.manifest.signature.fields]
    return Served(path, unseen, model)


def _iris_frame(folder: Path) -> Served:
    """Iris from a data frame: a tensor for each of four fields."""
    table = load_iris(as_frame=True)
    model = RandomForestClassifier(20, random_state=0).fit(table.data[::2], table.target_names[table.target[::2]])
    path = folder / "iris-frame.lading"
    package(model, table.data[::2], name="iris-frame", path=path)
    return Served(path, table.data[1::2], model)


def _income(folder: Path) -> Served:
    """Whether an income is high, from numbers and text, as in the census tables that others' examples use."""
    random = np.random.default_rng(7)
    table = pd.DataFrame(
        {
            "Age": random.integers(17, 90, 600),
            "Workclass": random.choice(["Private", "Self-emp", "Government"], 600),
            "Education": random.choice(["Bachelors", "Masters", "High School grad", "Dropout"], 600),
            "Capital Gain": random.exponential(900, 600).round(2),
            "Hours per week": random.integers(1, 99, 600),
            "Country": random.choice(["United-States", "Latin-America", "Other"], 600),
        }
    )
    high = table["Age"] + table["Capital Gain"] / 50 + 30 * (table["Education"] == "Masters") > 70
    words = ["Workclass", "Education", "Country"]
    columns = ColumnTransformer([("words", OneHotEncoder(), words)], remainder="passthrough")
    model = make_pipeline(columns, GradientBoostingClassifier(n_estimators=30, random_state=0))
    model.fit(table[:400], np.where(high, "high", "low")[:400])
    path = folder / "income.lading"
    package(model, table[:400], name="income", path=path)
    return Served(path, table[400:].reset_index(drop=True), model)


def _progress(folder: Path) -> Served:
    """How far diabetes goes on: numbers of which some are missing, and a number for an answer."""
    table = load_diabetes(as_frame=True)
    rows = table.data.astype({"sex": "float64"}).mask(np.random.default_rng(5).random(table.data.shape) < 0.1)
    model = HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(rows[::2], table.target[::2])
    path = folder / "progress.lading"
    package(model, rows[::2], name="progress", path=path)
    return Served(path, rows[1::2].reset_index(drop=True), model)


def _pair(folder: Path) -> Served:
    """Two numbers for each row."""
    table = load_diabetes(as_frame=True)
    targets = pd.DataFrame({"now": table.target, "then": table.data["bmi"] * 1000})
    model = LinearRegression().fit(table.data[::2], targets[::2])
    path = folder / "pair.lading"
    package(model, table.data[::2], name="pair", path=path)
    return Served(path, table.data[1::2].reset_index(drop=True), model)
