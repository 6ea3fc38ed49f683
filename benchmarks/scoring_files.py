"""The files of ``benchmarks.scoring``: a model, its bundle, and rows like those that it was trained on."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from palmerpenguins import load_penguins
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.subjects import NUMBERS, WORDS
from lading.converters import package

WIDTH = 12
"""Columns of the data without texts."""
CHUNK = 100_000
NOISE = 0.05
"""How far the numbers of a row lie from one of the training data, in standard deviations."""

Trained = tuple[Any, pd.DataFrame]


def main(name: str, folder: Path, rows: int) -> None:
    """Write ``model.joblib``, ``model.lading`` and ``rows.parquet``."""
    model, data = MODELS[name]()
    joblib.dump(model, folder / "model.joblib")
    (folder / "model.lading").unlink(missing_ok=True)
    package(model, data, name=name, path=folder / "model.lading")
    chance = np.random.default_rng(7)
    schema = pa.Schema.from_pandas(data, preserve_index=False)
    made = folder / "rows.parquet.new"
    with pa.parquet.ParquetWriter(made, schema) as writer:
        for start in range(0, rows, CHUNK):
            chosen = data.iloc[chance.integers(len(data), size=min(CHUNK, rows - start))]
            numbers = chosen.select_dtypes("number")
            moved = numbers + chance.normal(size=numbers.shape) * numbers.std().to_numpy() * NOISE
            writer.write_table(pa.Table.from_pandas(chosen.assign(**dict(moved.items())), schema, preserve_index=False))
    made.replace(folder / "rows.parquet")


def _numbers(model: Any) -> Trained:
    rows, classes = load_breast_cancer(return_X_y=True, as_frame=True)
    data = rows.iloc[:, :WIDTH].set_axis([f"x{column}" for column in range(WIDTH)], axis=1)
    return model.fit(data, classes), data


def _mixed(model: Any) -> Trained:
    penguins = load_penguins().dropna(subset=NUMBERS)
    data = penguins[WORDS + NUMBERS]
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
    columns = ColumnTransformer([("words", words, WORDS), ("numbers", StandardScaler(), NUMBERS)])
    return make_pipeline(columns, model).fit(data, penguins["species"]), data


MODELS: Mapping[str, Callable[[], Trained]] = {
    "gbt": lambda: _numbers(GradientBoostingClassifier(random_state=7)),
    "histogram": lambda: _numbers(HistGradientBoostingClassifier(random_state=7)),
    "mixed": lambda: _mixed(GradientBoostingClassifier(n_estimators=50, random_state=7)),
    "linear": lambda: _mixed(LogisticRegression(max_iter=1000)),
}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
