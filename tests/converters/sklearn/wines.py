"""Wines: rows of numbers between 0 and 1 for models to be trained on, and asked for."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.datasets import load_wine
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

ROWS = MinMaxScaler().fit_transform(load_wine().data[:, :5])
CLASSES = load_wine().target
HELD_OUT = np.arange(len(ROWS)) % 3 == 0
GAPS = np.where(np.random.default_rng(0).random(ROWS.shape) < 0.2, np.nan, ROWS)
"""The same, of which a fifth is missing."""


def title(model: BaseEstimator) -> str:
    """The model's class and what it was told."""
    return "+".join(map(title, dict(model.steps).values())) if isinstance(model, Pipeline) else str(model)[:60]
