"""The signature: the fields as the user knows them, the tensors of the graph, and how one becomes the other."""

from typing import Annotated, Literal, Self

from pydantic import Field as Setting
from pydantic import StringConstraints, model_validator

from lading.bundles.records import Record, Scalar

Form = Literal["frame", "array", "tensors", "whole"]
"""What a model was trained on, or how a ready-made graph is fed; ``Signature`` says what each means."""

TensorType = Literal[
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "string",
]  # fmt: skip
"""Element types of tensors, by NumPy's names; ``string`` is ONNX's tensor(string)."""

FieldType = Literal["boolean", "integer", "number", "string", "category", "datetime"]
"""What a value of a field is to the user, whatever width the training data stored it in."""

Meaning = Literal["label", "probabilities", "scores", "value", "tensor"]
"""What an output says; ``tensor`` where nobody has said."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class Tensor(Record):
    """One input or output of the ONNX graph."""

    name: Name
    dtype: TensorType
    shape: tuple[int | str, ...]
    """Extents; a string names an open dimension. The first one counts rows, save in the form ``whole``."""


class Range(Record):
    """The smallest and the largest finite value seen in training.

    Integers beyond 2^53 are rounded outward to the nearest double, so that nothing seen lies outside.
    """

    minimum: float
    maximum: float


class Feed(Record):
    """Where in the graph a field's value goes."""

    input: Name
    """The name of one of the signature's ``inputs``."""
    column: int | None = None
    """The column of that matrix; absent when the field is the whole tensor."""
    missing: str | None = None
    """The text that stands for a missing value; only for string tensors. In numbers it is NaN."""


class Field(Record):
    """One field of a request: a column of the training data, or one tensor."""

    name: Name
    type: FieldType
    dtype: str
    """The type that the training data had, in its own words: ``float64``, ``Int64``, ``category``, ``str``."""
    nullable: bool = False
    """Whether a value may be missing: whether training data had missing values, or the form is ``whole``."""
    categories: tuple[Scalar, ...] | None = None
    """The values seen in training, sorted; absent for numbers and for text with too many."""
    category_type: Literal["boolean", "integer", "number", "string"] | None = None
    """For a category: the type of its values before JSON, which writes 1.0 as 1; text where absent."""
    default: bool | int | float | None = None
    """What a row says that lacks the field; absent where such a row is refused, or the value is missing.

    A null is never the default: it is a missing value, or refused.
    """
    unknown: Literal["accept", "refuse"] = "accept"
    """What happens to a value outside ``categories``; ``refuse`` where the model itself would."""
    range: Range | None = None
    shape: tuple[int | str, ...] = ()
    """The extents of one row's value; empty for a single value. A string names an open one."""
    sensitive: Literal[True] | None = None
    """Whether its values are nobody's business: logs never hold them, and the profile does not describe them.

    Absent where they are not.
    """
    feed: Feed | None = None
    """Absent when the model ignores the field: it is accepted, checked and not used."""


class Output(Record):
    """One output of the graph, and what it means."""

    tensor: Tensor
    meaning: Meaning
    classes: tuple[Scalar, ...] | None = None
    """For labels, probabilities and scores: the class names, in the order of the tensor's columns."""
    class_type: Literal["boolean", "integer", "number", "string"] | None = None
    """The type of the class names before JSON, which writes 1.0 as 1."""
    coded: bool = False
    """For labels: whether the tensor, and the golden rows, hold positions in ``classes``, not the names themselves."""
    targets: tuple[str, ...] | None = None
    """For values with several columns: the name of each. For a label, probabilities or scores of a model that predicts
    several: the one that it is of."""

    @model_validator(mode="after")
    def _coded_needs_classes(self) -> Self:
        if self.coded and self.classes is None:
            raise ValueError("a coded label needs its classes")
        return self


class Signature(Record):
    """What a model takes and what it answers.

    ``form`` says what the original model was trained on, and with it what the tensors of a protocol are:
    ``frame``: named columns of several types, which a tensor protocol sees as one tensor for each field;
    ``array``: one matrix, whose columns are the fields, which a tensor protocol sees as that matrix;
    ``tensors``: each field is a tensor of the graph, whose first dimension counts rows;
    ``whole``: each field is a tensor of the graph as it is. No dimension counts rows: a row is a run of the graph.
    """

    form: Form
    fields: Annotated[tuple[Field, ...], Setting(min_length=1)]
    inputs: Annotated[tuple[Tensor, ...], Setting(min_length=1)]
    outputs: Annotated[tuple[Output, ...], Setting(min_length=1)]

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        _unique("field", [field.name for field in self.fields])
        _unique("input", [tensor.name for tensor in self.inputs])
        _unique("output", [output.tensor.name for output in self.outputs])
        inputs = {tensor.name for tensor in self.inputs}
        for field in self.fields:
            if field.feed is not None and field.feed.input not in inputs:
                raise ValueError(f"field {field.name!r} feeds {field.feed.input!r}, which is not an input")
            if field.default is not None and (field.shape or field.type in ("string", "datetime")):
                raise ValueError(f"field {field.name!r} has a default, which only single numbers and booleans have")
            if self.form != "whole" and any(isinstance(extent, str) for extent in field.shape):
                raise ValueError(f"field {field.name!r} has an open extent, which only the form 'whole' allows")
        return self

    def row_shape(self, tensor: Tensor) -> tuple[int | str, ...]:
        """The extents of one row's part of an input or an output of the graph."""
        return tensor.shape if self.form == "whole" else tensor.shape[1:]

    def optional(self, field: Field) -> bool:
        """Whether a row may lack the field; a tensor of the form ``whole`` must be there."""
        return field.default is not None or self.may_be_null(field)

    def may_be_null(self, field: Field) -> bool:
        """Whether a row may have null for the field, for all of it."""
        return self.form != "whole" and (field.nullable or field.feed is None)


def _unique(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two {what}s are named {name!r}")
        seen.add(name)
