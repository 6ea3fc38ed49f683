"""The two models of the demo, trained on real data that comes inside PyPI packages."""

import pandas as pd
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


def penguins() -> tuple[Pipeline, pd.DataFrame, pd.DataFrame, float]:
    """Penguin species from mixed columns with missing values.

    Returns the fitted pipeline, the rows it was trained on and those it was not (target included), and its
    accuracy on the latter.
    """
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
    return model, train, held_out, model.score(held_out.drop(columns="species"), held_out["species"])


def breast_cancer() -> tuple[Pipeline, pd.DataFrame, pd.DataFrame, float]:
    """Benign or malignant from 30 numeric columns; returns the same four as ``penguins``."""
    data = load_breast_cancer(as_frame=True)
    table = data.data.assign(diagnosis=data.target.map(dict(enumerate(data.target_names))))
    train, held_out = train_test_split(table, test_size=0.25, random_state=7, stratify=table["diagnosis"])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(train.drop(columns="diagnosis"), train["diagnosis"])
    return model, train, held_out, model.score(held_out.drop(columns="diagnosis"), held_out["diagnosis"])
