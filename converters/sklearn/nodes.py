"""The ONNX nodes of the stand-in steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

from lading.converters.sklearn.steps import Apply, Cast, Encode, Fill, Hollow, Power, Scale, Select, Step, Table, Weigh

Shape = Callable[[Any], None]
Write = Callable[[Any, Any, Any], None]


class Writer:
    """Adds nodes and constants to a graph in the making; names come from the scope, so that none is used twice."""

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope, self.container = scope, container

    def constant(self, value: np.ndarray) -> str:
        """A constant tensor of float32, float64, int64, bool or text."""
        name: str = self.scope.get_unique_variable_name("constant")
        if value.dtype.kind in "OU":
            data, kind = [str(item).encode() for item in value.ravel()], TensorProto.STRING
        else:
            data, kind = value.ravel().tolist(), helper.np_dtype_to_tensor_dtype(value.dtype)
        self.container.add_initializer(name, kind, list(value.shape), data)
        return name

    def node(self, operator: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """One node with one output; the output's name."""
        result: str = self.scope.get_unique_variable_name("between") if output is None else output
        self._add(operator, inputs, [result], attributes)
        return result

    def nodes(self, operator: str, inputs: list[str], count: int, **attributes: Any) -> list[str]:
        """One node with several outputs; their names."""
        results = [self.scope.get_unique_variable_name("between") for _ in range(count)]
        self._add(operator, inputs, results, attributes)
        return results

    def _add(self, operator: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> None:
        domain = attributes.pop("domain", "")
        name = self.scope.get_unique_operator_name(operator)
        self.container.add_node(operator, inputs, outputs, op_domain=domain, name=name, **attributes)


def _float_type(double: bool) -> int:
    return int(TensorProto.DOUBLE if double else TensorProto.FLOAT)


def _is_double(variable: Any) -> bool:
    return isinstance(variable.type, DoubleTensorType)


def _is_text(variable: Any) -> bool:
    return isinstance(variable.type, StringTensorType)


def _width(operator: Any) -> int | None:
    shape = operator.inputs[0].type.shape
    return shape[1] if len(shape) > 1 else None


def _shape(width: Callable[[Any], int | None]) -> Shape:
    """What declares an output as wide as ``width`` says."""

    def declare(operator: Any) -> None:
        step = operator.raw_operator
        kind = step.kind(type(operator.inputs[step.source].type))
        operator.outputs[0].type = kind([None, width(operator)])

    return declare


def _write_select(scope: Any, operator: Any, container: Any) -> None:
    writer, step = Writer(scope, container), operator.raw_operator
    columns = writer.constant(np.array(step.columns, dtype=np.int64))
    writer.node("Gather", [operator.inputs[step.source].full_name, columns], operator.outputs[0].full_name, axis=1)


def _write_cast(scope: Any, operator: Any, container: Any) -> None:
    to = _float_type(operator.raw_operator.double)
    Writer(scope, container).node("Cast", [operator.inputs[0].full_name], operator.outputs[0].full_name, to=to)


def _write_weigh(scope: Any, operator: Any, container: Any) -> None:
    writer = Writer(scope, container)
    dtype = np.float64 if _is_double(operator.inputs[0]) else np.float32
    weight = writer.constant(np.array([operator.raw_operator.weight], dtype=dtype))
    writer.node("Mul", [operator.inputs[0].full_name, weight], operator.outputs[0].full_name)


def _write_scale(scope: Any, operator: Any, container: Any) -> None:
    writer, step = Writer(scope, container), operator.raw_operator
    source = writer.node("Reshape", [operator.inputs[0].full_name, writer.constant(np.array([-1, len(step.factors)]))])
    scaled = writer.node("Mul", [source, writer.constant(step.factors[None, :])])
    writer.node("Add", [scaled, writer.constant(step.shifts[None, :])], operator.outputs[0].full_name)


def _write_apply(scope: Any, operator: Any, container: Any) -> None:
    writer, source = Writer(scope, container), operator.inputs[0].full_name
    target, name = operator.outputs[0].full_name, operator.raw_operator.operator
    one = np.array([1], dtype=np.float64 if _is_double(operator.inputs[0]) else np.float32)
    if name == "Square":
        writer.node("Mul", [source, source], target)
    elif name == "Log1p":
        writer.node("Log", [writer.node("Add", [source, writer.constant(one)])], target)
    elif name == "Expm1":
        writer.node("Sub", [writer.node("Exp", [source]), writer.constant(one)], target)
    else:
        writer.node(name, [source], target)


def _write_power(scope: Any, operator: Any, container: Any) -> None:
    """Write the Yeo-Johnson transform (Biometrika 87, 2000), or Box-Cox's for positive numbers, and standardise."""
    writer, step, source = Writer(scope, container), operator.raw_operator, operator.inputs[0].full_name
    lambdas = step.lambdas[None, :]
    if step.signed:
        one = writer.constant(np.ones((1, 1)))
        positive = _raised(writer, writer.node("Add", [source, one]), lambdas)
        negative = writer.node("Neg", [_raised(writer, writer.node("Sub", [one, source]), 2.0 - lambdas)])
        at_least = writer.node("GreaterOrEqual", [source, writer.constant(np.zeros((1, 1)))])
        result = writer.node("Where", [at_least, positive, negative])
    else:
        result = _raised(writer, _above_zero(writer, source), lambdas)
    centred = writer.node("Sub", [result, writer.constant(step.mean[None, :])])
    writer.node("Div", [centred, writer.constant(step.scale[None, :])], operator.outputs[0].full_name)


def _above_zero(writer: Writer, source: str) -> str:
    """The numbers as they are, where none is 0 or less: Box-Cox fails there, and so does looking up a second one."""
    wrong = writer.node("LessOrEqual", [source, writer.constant(np.zeros((1, 1)))])
    place = writer.node("Cast", [wrong], to=TensorProto.INT64)
    ones = writer.node("Gather", [writer.constant(np.ones(1)), place], axis=0)
    return writer.node("Mul", [source, ones])


def _raised(writer: Writer, base: str, powers: np.ndarray) -> str:
    """``(base ** power - 1) / power``, and its limit, the logarithm, where the power is 0."""
    zero = np.abs(powers) < np.spacing(1.0)
    safe = np.where(zero, 1.0, powers)
    raised = writer.node("Sub", [writer.node("Pow", [base, writer.constant(safe)]), writer.constant(np.ones((1, 1)))])
    raised = writer.node("Div", [raised, writer.constant(safe)])
    if not zero.any():
        return raised
    return writer.node("Where", [writer.constant(zero), writer.node("Log", [base]), raised])


def _write_hollow(scope: Any, operator: Any, container: Any) -> None:
    writer, source = Writer(scope, container), operator.inputs[0].full_name
    dtype = np.float64 if _is_double(operator.inputs[0]) else np.float32
    zero = writer.node("Equal", [source, writer.constant(np.zeros((1, 1), dtype=dtype))])
    missing = writer.constant(np.full((1, 1), np.nan, dtype=dtype))
    writer.node("Where", [zero, missing, source], operator.outputs[0].full_name)


def _write_fill(scope: Any, operator: Any, container: Any) -> None:
    writer, step = Writer(scope, container), operator.raw_operator
    source, target = operator.inputs[0].full_name, operator.outputs[0].full_name
    missing = _missing(writer, operator, source)
    fills = writer.constant(_fills(operator)[None, :])
    filled = writer.node("Where", [missing, fills, source])
    if len(step.kept) < len(step.fills):
        kept = writer.constant(np.array(step.kept, dtype=np.int64))
        filled = writer.node("Gather", [filled, kept], axis=1)
    if step.indicators:
        which = writer.constant(np.array(step.indicators, dtype=np.int64))
        flags = writer.node("Gather", [missing, which], axis=1)
        flags = writer.node("Cast", [flags], to=_float_type(_is_double(operator.inputs[0])))
        writer.node("Concat", [filled, flags], target, axis=1)
    else:
        writer.node("Identity", [filled], target)


def _missing(writer: Writer, operator: Any, source: str) -> str:
    missing, variable = operator.raw_operator.missing, operator.inputs[0]
    if isinstance(missing, tuple):
        return writer.node("Equal", [source, writer.constant(np.array([missing], dtype=object))])
    if np.isnan(missing):
        return writer.node("IsNaN", [source])
    dtype = np.float64 if _is_double(variable) else np.float32
    return writer.node("Equal", [source, writer.constant(np.array([missing], dtype=dtype))])


def _fills(operator: Any) -> np.ndarray:
    fills: np.ndarray = operator.raw_operator.fills
    if _is_text(operator.inputs[0]):
        return fills.astype(object)
    return fills.astype(np.float64 if _is_double(operator.inputs[0]) else np.float32)


def _write_encode(scope: Any, operator: Any, container: Any) -> None:
    writer, step, variable = Writer(scope, container), operator.raw_operator, operator.inputs[0]
    parts = []
    tables = [
        (column, table) for column, table in enumerate(step.tables) if table.width
    ]  # a lone category may be dropped
    for column, table in tables:
        index = writer.constant(np.array([column], dtype=np.int64))
        values = writer.node("Gather", [variable.full_name, index], axis=1)
        codes = (
            _text_codes(writer, values, table) if _is_text(variable) else _number_codes(writer, variable, values, table)
        )
        parts.append(_looked_up(writer, codes, table))
    joined = parts[0] if len(parts) == 1 else writer.node("Concat", parts, axis=2)
    shape = writer.constant(np.array([-1, sum(table.width for table in step.tables)], dtype=np.int64))
    writer.node("Reshape", [joined, shape], operator.outputs[0].full_name)


def _text_codes(writer: Writer, values: str, table: Table) -> str:
    """Positions among the keys ``[N, 1]``; the number of keys for everything else."""
    count = len(table.keys)
    return writer.node(
        "LabelEncoder",
        [values],
        domain="ai.onnx.ml",
        op_version=2,
        keys_strings=[str(key).encode() for key in table.keys],
        values_int64s=list(range(count)),
        default_int64=count,
    )


def _number_codes(writer: Writer, variable: Any, values: str, table: Table) -> str:
    """The same for numbers: the first of the equal keys, or of a last column that is always one half."""
    dtype = np.float64 if _is_double(variable) else np.float32
    keys = np.array(table.keys, dtype=dtype)
    equal = writer.node("Equal", [values, writer.constant(keys[None, :])])
    absent = writer.node("IsNaN", [values])
    if np.isnan(keys).any():
        missing_key = writer.node("And", [absent, writer.constant(np.isnan(keys)[None, :])])
        equal = writer.node("Or", [equal, missing_key])
    scores = writer.node("Cast", [equal], to=TensorProto.FLOAT)
    zero = writer.node(
        "Mul", [writer.node("Cast", [absent], to=TensorProto.FLOAT), writer.constant(np.zeros((1, 1), np.float32))]
    )
    half = writer.node("Add", [zero, writer.constant(np.full((1, 1), 0.5, np.float32))])
    return writer.node("ArgMax", [writer.node("Concat", [scores, half], axis=1)], axis=1, keepdims=1)


def _looked_up(writer: Writer, codes: str, table: Table) -> str:
    """The rows of the table ``[N, 1, width]``."""
    if table.positions is None:
        return writer.node("Gather", [writer.constant(np.asarray(table.values, dtype=np.float64)), codes], axis=0)
    if table.positions != (*range(table.width), table.width):
        places = writer.constant(np.array(table.positions, dtype=np.int64))
        codes = writer.node("Gather", [places, codes], axis=0)
    depth = writer.constant(np.array([table.width], dtype=np.int64))
    hot = writer.node("OneHot", [codes, depth, writer.constant(np.array([0, 1], dtype=np.float32))], axis=-1)
    return writer.node("Cast", [hot], to=TensorProto.DOUBLE)


SHAPES: dict[type[Step], Shape] = {
    Select: _shape(lambda operator: len(operator.raw_operator.columns)),
    Cast: _shape(_width),
    Weigh: _shape(_width),
    Scale: _shape(lambda operator: len(operator.raw_operator.factors)),
    Apply: _shape(_width),
    Power: _shape(_width),
    Hollow: _shape(_width),
    Fill: _shape(lambda operator: len(operator.raw_operator.kept) + len(operator.raw_operator.indicators)),
    Encode: _shape(lambda operator: sum(table.width for table in operator.raw_operator.tables)),
}
"""What tells skl2onnx the type and the width of each step's output."""

WRITERS: dict[type[Step], Write] = {
    Select: _write_select,
    Cast: _write_cast,
    Weigh: _write_weigh,
    Scale: _write_scale,
    Apply: _write_apply,
    Power: _write_power,
    Hollow: _write_hollow,
    Fill: _write_fill,
    Encode: _write_encode,
}
"""What writes each step's nodes."""
