"""Values: tensors of a graph in the making, computed with as arrays of NumPy are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union

import numpy as np
from onnx import TensorProto

from lading.converters.sklearn.nodes import Writer

Operand = Union["Value", np.ndarray, float]
"""What a value is computed with: another value, or a constant."""


class Value:
    """A tensor of float64, int64 or booleans; each operation adds a node and gives another value."""

    __array_ufunc__ = None
    """So that an array of NumPy leaves it to the value what the two of them make."""

    def __init__(self, writer: Writer, name: str) -> None:
        self.writer, self.name = writer, name

    def apply(self, operator: str, *others: Operand, **attributes: Any) -> "Value":
        """What an operator of ONNX gives for this value and others."""
        names = [self.name, *(self.constant(other).name for other in others)]
        return Value(self.writer, self.writer.node(operator, names, **attributes))

    def constant(self, operand: Operand) -> "Value":
        """The operand as a value of the same graph; numbers become float64, whole numbers of arrays stay int64."""
        if isinstance(operand, Value):
            return operand
        array = np.asarray(operand)
        wanted: type[Any] = np.int64 if array.dtype.kind in "iu" and array.ndim else np.float64
        kept = array if array.dtype.kind in "bOU" else array.astype(wanted)
        return Value(self.writer, self.writer.constant(kept))

    def __add__(self, other: Operand) -> "Value":
        return self.apply("Add", other)

    __radd__ = __add__

    def __sub__(self, other: Operand) -> "Value":
        return self.apply("Sub", other)

    def __rsub__(self, other: Operand) -> "Value":
        return self.constant(other).apply("Sub", self)

    def __mul__(self, other: Operand) -> "Value":
        return self.apply("Mul", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> "Value":
        return self.apply("Div", other)

    def __rtruediv__(self, other: Operand) -> "Value":
        return self.constant(other).apply("Div", self)

    def __pow__(self, other: Operand) -> "Value":
        return self.apply("Pow", other)

    def __matmul__(self, other: Operand) -> "Value":
        return self.apply("MatMul", other)

    def __neg__(self) -> "Value":
        return self.apply("Neg")

    def __le__(self, other: Any) -> "Value":
        return self.apply("LessOrEqual", other)

    def __lt__(self, other: Any) -> "Value":
        return self.apply("Less", other)

    def __ge__(self, other: Any) -> "Value":
        return self.apply("GreaterOrEqual", other)

    def __gt__(self, other: Any) -> "Value":
        return self.apply("Greater", other)

    def __or__(self, other: Operand) -> "Value":
        return self.apply("Or", other)

    def __invert__(self) -> "Value":
        return self.apply("Not")

    def __getitem__(self, places: "Value | Sequence[int] | np.ndarray") -> "Value":
        """The rows at ``places``."""
        chosen = places if isinstance(places, Value) else np.asarray(places, dtype=np.int64)
        return self.apply("Gather", chosen, axis=0)

    def columns(self, places: Sequence[int] | np.ndarray) -> "Value":
        """The columns at ``places``, as a matrix."""
        return self.apply("Gather", np.asarray(places, dtype=np.int64), axis=1)

    def equals(self, other: Operand) -> "Value":
        """Where the two are equal."""
        return self.apply("Equal", other)

    def where(self, then: Operand, otherwise: Operand) -> "Value":
        """``then`` where this holds, else ``otherwise``."""
        return self.apply("Where", then, otherwise)

    def sum(self, axis: int = 1, keep: bool = True) -> "Value":
        """The sums along ``axis``."""
        return self.apply("ReduceSum", np.array([axis]), keepdims=int(keep))

    def largest(self, axis: int = 1, keep: bool = True) -> "Value":
        """The largest along ``axis``."""
        return self.apply("ReduceMax", np.array([axis]), keepdims=int(keep))

    def smallest(self, axis: int = 1, keep: bool = True) -> "Value":
        """The smallest along ``axis``."""
        return self.apply("ReduceMin", np.array([axis]), keepdims=int(keep))

    def argmax(self, axis: int = 1) -> "Value":
        """The places of the largest along ``axis``, the first of equal ones."""
        return self.apply("ArgMax", axis=axis, keepdims=0)

    def argmin(self, axis: int = 1) -> "Value":
        """The places of the smallest along ``axis``, the first of equal ones."""
        return self.apply("ArgMin", axis=axis, keepdims=0)

    def nearest(self, count: int) -> tuple["Value", "Value"]:
        """The ``count`` smallest of each row, and their places."""
        names = [self.writer.scope.get_unique_variable_name("nearest") for _ in range(2)]
        wanted = self.constant(np.array([count], dtype=np.int64)).name
        operator = self.writer.scope.get_unique_operator_name("TopK")
        self.writer.container.add_node("TopK", [self.name, wanted], names, name=operator, axis=1, largest=0)
        return Value(self.writer, names[0]), Value(self.writer, names[1])

    def number(self) -> "Value":
        """The same as float64; true is 1."""
        return self.apply("Cast", to=TensorProto.DOUBLE)

    def whole(self) -> "Value":
        """The same as int64; true is 1."""
        return self.apply("Cast", to=TensorProto.INT64)

    def beside(self, *others: "Value") -> "Value":
        """The columns of this, then those of the others, if there are any."""
        return self.apply("Concat", *others, axis=1) if others else self

    def reshape(self, *extents: int) -> "Value":
        """The same in another shape; 0 keeps an extent, -1 takes what is left."""
        return self.apply("Reshape", np.array(extents, dtype=np.int64))

    def exp(self) -> "Value":
        """E to the power of each number."""
        return self.apply("Exp")

    def log(self) -> "Value":
        """The natural logarithms."""
        return self.apply("Log")

    def sqrt(self) -> "Value":
        """The square roots."""
        return self.apply("Sqrt")

    def missing(self, sought: float = np.nan) -> "Value":
        """Where numbers are NaN, or whatever else is ``sought`` because it stands for what is missing."""
        return self.apply("IsNaN") if np.isnan(sought) else self.equals(float(sought))

    def held(self, lowest: Operand, highest: Operand) -> "Value":
        """The numbers, none below ``lowest`` or above ``highest``."""
        return self.apply("Max", lowest).apply("Min", highest)


Answer = Value | tuple[Value, Value]
"""One matrix of numbers; or a label, which is a place among the classes where there are any, and what it is chosen by."""

Said = tuple[Value, Value | None]
"""Of one of several labels: the class itself, or the whole number that it is; and the probabilities, where there are any."""

Formulas = Mapping[type, Callable[[Any, Value], Answer]]
"""What estimators of each class compute of a matrix of float64."""
