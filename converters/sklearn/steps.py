"""The steps that stand in for scikit-learn's own while a copy of a model is converted.

They are never fitted and compute nothing here: each has a converter that writes its nodes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin


class Step(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A step of a rewritten model."""

    source = 0
    """Which of the matrices that come in it is fed; only the first step after the graph's inputs has a choice."""

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def onnx_parser(self) -> Callable[..., list[Any]]:
        """What skl2onnx asks for the output's type, before it asks for its shape."""

        def declare(scope: Any, inputs: list[Any]) -> list[Any]:
            kind = self.kind(type(inputs[self.source].type))
            return [scope.declare_local_variable("step", kind([None, None]))]

        return declare

    def kind(self, source: type[Any]) -> type[Any]:
        """The type of the output for the type of the input: that of the input."""
        return source


class Select(Step):
    """Takes some columns of one of the matrices that come in, in the given order."""

    def __init__(self, columns: tuple[int, ...], source: int = 0) -> None:
        self.columns, self.source = columns, source


class Cast(Step):
    """Turns numbers into float32 or float64."""

    def __init__(self, double: bool) -> None:
        self.double = double

    def kind(self, source: type[Any]) -> type[Any]:
        """Float64 or float32, as asked for."""
        return cast(type[Any], DoubleTensorType if self.double else FloatTensorType)


class Weigh(Step):
    """Multiplies everything with one number."""

    def __init__(self, weight: float) -> None:
        self.weight = weight


class Scale(Step):
    """Multiplies each column with a number and adds another."""

    def __init__(self, factors: np.ndarray, shifts: np.ndarray) -> None:
        self.factors, self.shifts = factors, shifts


class Apply(Step):
    """Applies one ONNX operator to each number."""

    def __init__(self, operator: str) -> None:
        self.operator = operator


class Power(Step):
    """Makes numbers more normal, column by column, as ``PowerTransformer`` does."""

    def __init__(self, lambdas: np.ndarray, signed: bool, mean: np.ndarray, scale: np.ndarray) -> None:
        self.lambdas, self.signed, self.mean, self.scale = lambdas, signed, mean, scale


class Hollow(Step):
    """Makes zeros missing, as estimators see those of a sparse matrix that take what is not in it for missing."""


class Fill(Step):
    """Replaces missing values, column by column, and may append columns that say what was missing."""

    def __init__(
        self,
        missing: tuple[str, ...] | float,
        fills: np.ndarray,
        kept: tuple[int, ...],
        indicators: tuple[int, ...],
    ) -> None:
        self.missing, self.fills, self.kept, self.indicators = missing, fills, kept, indicators


@dataclass(frozen=True)
class Table:
    """What one column's categories become."""

    keys: tuple[str, ...] | tuple[float, ...]
    """The categories as the graph sees them; among numbers NaN stands for a missing value."""
    positions: tuple[int, ...] | None
    """For one-hot: the output column of each key and, last, of everything else; ``width`` for none."""
    values: np.ndarray | None
    """Otherwise: the row of each key and, last, of everything else; float64 ``[keys + 1, width]``."""
    width: int


class Encode(Step):
    """Looks categories up, column by column."""

    def __init__(self, tables: tuple[Table, ...]) -> None:
        self.tables = tables

    def kind(self, source: type[Any]) -> type[Any]:
        """Float64."""
        return cast(type[Any], DoubleTensorType)
