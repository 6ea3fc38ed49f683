"""Specs: what a model's inputs are to the Open Inference Protocol."""

from collections.abc import Sequence
from typing import NamedTuple

from lading.bundles.signature import Field, Signature, Tensor
from lading.bundles.tensors.values import kind_of

DATATYPES = {
    "bool": "BOOL", "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
    "float16": "FP16", "float32": "FP32", "float64": "FP64", "string": "BYTES",
}  # fmt: skip
"""The protocol's words for the element types of tensors."""

KIND_DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL", "string": "BYTES", "datetime": "BYTES"}
"""The same for the values of fields and for the names of classes."""


class TensorSpec(NamedTuple):
    """One input as the protocol sees it."""

    name: str
    datatype: str
    extents: tuple[int, ...]
    """Of one row; -1 is an open one."""
    optional: bool = False
    """Whether a request may leave it out."""
    columns: tuple[str, ...] = ()
    """The fields of a matrix's columns."""
    whole: bool = False
    """Whether a request holds one row, without a dimension that counts rows."""

    @property
    def shape(self) -> list[int]:
        """The extents on the wire; -1 is an open one."""
        return [*self.extents] if self.whole else [-1, *self.extents]

    @property
    def metadata(self) -> dict[str, object]:
        """What ``GET /v2/models/{name}`` tells of it."""
        return {"name": self.name, "datatype": self.datatype, "shape": self.shape}


def field_spec(field: Field) -> TensorSpec:
    """The tensor ``[rows, 1]`` that a field of a data frame is; NaN is the missing value of integers and booleans."""
    datatype = KIND_DATATYPES[kind_of(field)]
    if field.nullable and datatype in ("INT64", "BOOL"):
        datatype = "FP64"
    optional = field.nullable or field.feed is None or field.default is not None
    return TensorSpec(field.name, datatype, extents_on_the_wire(field.shape) or (1,), optional)


def fed_fields(signature: Signature, tensor: Tensor) -> list[Field]:
    """The fields that feed an input of the graph, in the order of its columns."""
    fed = [
        (field.feed.column or 0, field) for field in signature.fields if field.feed and field.feed.input == tensor.name
    ]
    return [field for _, field in sorted(fed, key=lambda entry: entry[0])]


def input_spec(signature: Signature, tensor: Tensor) -> TensorSpec:
    """An input of the graph as it is, its extents filled in from the fields that feed it."""
    fed = fed_fields(signature, tensor)
    extents, columns = extents_on_the_wire(fed[0].shape), tuple[str, ...]()
    if fed[0].feed is not None and fed[0].feed.column is not None:
        extents, columns = (len(fed),), tuple(field.name for field in fed)
    extents = extents or (1,) * len(signature.row_shape(tensor))
    return TensorSpec(tensor.name, DATATYPES[tensor.dtype], extents, columns=columns, whole=signature.form == "whole")


def extents_on_the_wire(shape: Sequence[int | str]) -> tuple[int, ...]:
    """Extents as the protocol says them: -1 is an open one."""
    return tuple(extent if isinstance(extent, int) else -1 for extent in shape)
