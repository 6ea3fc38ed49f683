"""The two models of the demo, trained on real data that comes inside PyPI packages."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from palmerpenguins import load_penguins
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
WORDS = ["island", "sex"]


@dataclass(frozen=True)
class Example:
    """A trained model with its rows, target column included: those it has seen, and those it has not."""

    name: str
    description: str
    source: str
    target: str
    model: Pipeline
    train: pd.DataFrame
    held_out: pd.DataFrame

    @property
    def features(self) -> pd.DataFrame:
        """The rows that the model has not seen, without the target."""
        return self.held_out.drop(columns=self.target)

    @property
    def accuracy(self) -> float:
        """The share of those rows that it gets right."""
        return float((self.predict() == self.held_out[self.target]).mean())

    def predict(self) -> NDArray[Any]:
        """What scikit-learn answers to ``features``."""
        return np.asarray(self.model.predict(self.features))

    def probabilities(self) -> NDArray[Any]:
        """What scikit-learn answers to ``features``, a column for each class."""
        return np.asarray(self.model.predict_proba(self.features))


def penguins() -> Example:
    """Penguin species from mixed columns with missing values."""
    table = load_penguins()[["species", *WORDS, *NUMBERS]]
    train, held_out = train_test_split(table, test_size=0.25, random_state=7, stratify=table["species"])
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
            ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), WORDS),
        ]
    )
    model = Pipeline([("columns", columns), ("boosting", GradientBoostingClassifier(random_state=7))])
    model.fit(train.drop(columns="species"), train["species"])
    description = "The species of a penguin from its island, its sex and four measures."
    return Example("penguins", description, "palmerpenguins on PyPI", "species", model, train, held_out)


def breast_cancer() -> Example:
    """Benign or malignant from 30 numeric columns."""
    data = load_breast_cancer(as_frame=True)
    table = data.data.assign(diagnosis=data.target_names[data.target])
    train, held_out = train_test_split(table, test_size=0.25, random_state=7, stratify=table["diagnosis"])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(train.drop(columns="diagnosis"), train["diagnosis"])
    description = "Whether a breast tumour is benign or malignant, from 30 measures of its cells."
    return Example(
        "breast-cancer", description, "scikit-learn's load_breast_cancer", "diagnosis", model, train, held_out
    )
