"""The subjects: the models that are served, each packaged once, and the rows that they are asked about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from palmerpenguins import load_penguins
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.terms import MODEL, Graph
from lading.bundles.bundle import open_bundle
from lading.converters import package

ROWS = 256
"""Of each subject, at least."""

WORDS = ["island", "sex"]
NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


@dataclass(frozen=True)
class Subject:
    """One model: its bundle, its graph on disk, and rows."""

    name: str
    title: str
    folder: Path
    """With ``model.lading`` and ``model.onnx``."""
    fields: tuple[str, ...]
    values: NDArray[Any]
    """The rows as the user has them, a column for each field."""
    words: tuple[int, ...] = ()
    """Which columns are texts."""

    @property
    def bundle(self) -> Path:
        """The packaged model."""
        return self.folder / f"{MODEL}.lading"

    @property
    def path(self) -> Path:
        """The graph."""
        return self.folder / f"{MODEL}.onnx"

    @cached_property
    def graph(self) -> Graph:
        """The graph, read: the bare session."""
        return Graph(self.path)

    def numbers(self, count: int) -> NDArray[Any]:
        """The numbers of the first rows, as the graph takes them."""
        (dtype,) = (dtype for dtype in self.graph.inputs.values() if dtype is not np.object_)
        return np.delete(self.values[:count], self.words, axis=1).astype(dtype)

    def texts(self, count: int) -> NDArray[np.object_] | None:
        """The texts of the first rows; None where the model reads none."""
        return self.values[:count, self.words] if self.words else None

    def feeds(self, count: int) -> dict[str, NDArray[Any]]:
        """What the graph is fed for the first rows, by input."""
        numbers, texts = self.numbers(count), self.texts(count)
        given = {name: texts if dtype is np.object_ else numbers for name, dtype in self.graph.inputs.items()}
        return {name: array for name, array in given.items() if array is not None}

    def tensors(self, count: int) -> dict[str, NDArray[Any]]:
        """What the bundle's signature takes for the first rows: a column for each field, where it has a data frame's."""
        if not self.words:
            return self.feeds(count)
        columns = {name: self.values[:count, index] for index, name in enumerate(self.fields)}
        texts = {self.fields[index] for index in self.words}
        return {name: array if name in texts else array.astype(np.float64) for name, array in columns.items()}

    def expected(self, count: int) -> NDArray[Any]:
        """The probabilities of the classes for the first rows, as the bare session gives them."""
        probabilities: NDArray[Any] = self.graph.run(self.numbers(count), self.texts(count))[1]
        return probabilities


def make_subject(name: str, folder: Path) -> Subject:
    """Train one of ``SUBJECTS``, package it and write its graph into ``folder``."""
    subject, model, rows = SUBJECTS[name](folder)
    with open_bundle(package(model, rows, name=MODEL, path=subject.bundle).path) as bundle:
        subject.path.write_bytes(bundle.read(bundle.manifest.graph.path))
    assert len(subject.values) >= ROWS
    return subject


Trained = tuple[Subject, object, Any]


def _gbt(folder: Path) -> Trained:
    rows, classes = load_breast_cancer(return_X_y=True)
    model = GradientBoostingClassifier(n_estimators=200, random_state=7).fit(rows, classes)
    title = "Gradient boosting: 200 trees, 30 features"
    return Subject("gbt", title, folder, _columns(rows), rows), model, rows


def _mlp(folder: Path) -> Trained:
    rows, classes = load_breast_cancer(return_X_y=True)
    network = MLPClassifier((512, 512), early_stopping=True, random_state=7)
    model = make_pipeline(StandardScaler(), network).fit(rows, classes)
    return Subject("mlp", "Neural network: 30-512-512-2", folder, _columns(rows), rows), model, rows


def _mixed(folder: Path) -> Trained:
    penguins: pd.DataFrame = load_penguins().dropna()
    rows = penguins[WORDS + NUMBERS]
    columns = ColumnTransformer([("words", OneHotEncoder(), WORDS), ("numbers", StandardScaler(), NUMBERS)])
    model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(rows, penguins["species"])
    title = "Mixed columns: 4 of numbers and 2 of texts, scaled and encoded, into a logistic regression"
    words = tuple(range(len(WORDS)))
    return Subject("mixed", title, folder, tuple(rows.columns), rows.to_numpy(object), words), model, rows


def _columns(rows: NDArray[Any]) -> tuple[str, ...]:
    return tuple(f"x{column}" for column in range(rows.shape[1]))


SUBJECTS: Mapping[str, Callable[[Path], Trained]] = {"gbt": _gbt, "mlp": _mlp, "mixed": _mixed}
