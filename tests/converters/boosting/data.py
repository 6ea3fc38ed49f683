"""Rows that boosted trees are trained on: numbers, gaps, categories, and targets of every kind."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_wine
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

SEED = 7
RANDOM = np.random.default_rng(SEED)
WINE = load_wine()
ROWS, CLASSES = WINE.data, WINE.target
"""178 rows of 13 numbers, of 3 classes."""
TWO = (CLASSES == 1).astype(int)
GAPS = np.where(RANDOM.random(ROWS.shape) < 0.15, np.nan, ROWS)
ZEROS = np.where(RANDOM.random(ROWS.shape) < 0.3, 0.0, ROWS)
DIABETES = load_diabetes()
PATIENTS, PROGRESS = DIABETES.data, DIABETES.target
"""442 rows of 10 numbers, and a number between 25 and 346 for each."""
COUNTS = np.floor(PROGRESS / 40)
SHARES = np.clip(PROGRESS / 400, 0.01, 0.99)
QUERIES = np.repeat(np.arange(len(ROWS) // 6 + 1), 6)[: len(ROWS)]
PAIR = np.stack([PROGRESS, PATIENTS[:, 2] * 1000 + RANDOM.normal(size=len(PROGRESS))], axis=1)


def _kinds() -> pd.DataFrame:
    rows, letters = 600, np.array(list("abcdefghijklmnopqrstuvwxyz"))
    drawn = np.random.default_rng(SEED)
    town = letters[drawn.integers(0, 26, rows)].astype("U16")
    town[drawn.random(rows) < 0.02] = "ü, far away"
    frame = pd.DataFrame(
        {
            "age": drawn.normal(40, 12, rows).round(1),
            "town": pd.Categorical(pd.Series(town, dtype=object).mask(drawn.random(rows) < 0.05)),
            "grade": pd.Categorical(drawn.choice([10, 20, 30, 50], rows)),
            "member": drawn.random(rows) < 0.4,
            "visits": drawn.integers(0, 30, rows),
        }
    )
    frame.loc[drawn.random(rows) < 0.1, "age"] = np.nan
    return frame


KINDS = _kinds()
"""600 rows of mixed columns: numbers with gaps, categories of text with gaps, of whole numbers, booleans, counts."""
EFFECT = KINDS.town.cat.codes % 5 + KINDS.grade.cat.codes * (KINDS.age.fillna(50) > 40) + KINDS.visits / 20
SCORE = EFFECT.to_numpy(dtype=np.float64)
CHOICE = np.greater(SCORE, np.median(SCORE)).astype(int)
LEVEL = np.digitize(SCORE, np.quantile(SCORE, [0.33, 0.66]))


def encoded() -> Any:
    """What encodes the categories of ``KINDS``, as a sparse matrix."""
    return make_column_transformer((OneHotEncoder(), ["town", "grade"]), (SimpleImputer(), ["age", "visits"]))
