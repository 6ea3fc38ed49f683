"""The cases of the onnx wheel: small graphs for every operator, each with the arrays that it is asked with."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import onnx
from onnx import OptionalProto, SequenceProto, TensorProto, ValueInfoProto, numpy_helper

FOLDER = "onnx/backend/test/data/"

CARRIED = frozenset(
    {"BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"}
    | {"FLOAT16", "FLOAT", "DOUBLE", "STRING"}
)
"""The element types that the Open Inference Protocol, NumPy and so a bundle have, by ONNX's names."""


class Case(NamedTuple):
    """A graph and what it is asked with."""

    name: str
    model: bytes
    feeds: dict[str, Any]
    """Arrays by name; lists of them for sequences, None for what is absent."""
    outputs: list[str]
    untold: frozenset[str]
    """What its inputs and outputs are that a bundle has no word for, as a refusal has to name it."""
    domains: frozenset[str]
    """Of operators that are not ONNX's own."""


def read_cases(wheel: Path) -> Iterator[Case]:
    """Every case in ``wheel``, in the order of their names."""
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name in sorted(name for name in names if name.startswith(FOLDER) and name.endswith("/model.onnx")):
            yield _case(archive, names, name.removesuffix("model.onnx"))


def _case(archive: ZipFile, names: set[str], folder: str) -> Case:
    model = archive.read(f"{folder}model.onnx")
    proto = onnx.load_from_string(model)
    filled = {tensor.name for tensor in proto.graph.initializer}
    inputs = [value for value in proto.graph.input if value.name not in filled]
    paths = [f"{folder}test_data_set_0/input_{number}.pb" for number in range(len(inputs))]
    assert names.issuperset(paths), folder
    return Case(
        name=folder.removeprefix(FOLDER).removesuffix("/"),
        model=model,
        feeds={value.name: _value(archive.read(path), value) for path, value in zip(paths, inputs, strict=True)},
        outputs=[value.name for value in proto.graph.output],
        untold=_untold([*inputs, *proto.graph.output]) | (frozenset() if inputs else {"takes none"}),
        domains=frozenset(node.domain for node in proto.graph.node if node.domain),
    )


def _value(data: bytes, value: ValueInfoProto) -> Any:
    match value.type.WhichOneof("value"):
        case "sequence_type":
            return numpy_helper.to_list(SequenceProto.FromString(data))
        case "optional_type":
            return numpy_helper.to_optional(OptionalProto.FromString(data))
        case _:
            return numpy_helper.to_array(TensorProto.FromString(data))


def _untold(values: Sequence[ValueInfoProto]) -> frozenset[str]:
    kinds = {"sequence_type": "sequence", "optional_type": "absent"}
    told = (kinds.get(str(value.type.WhichOneof("value"))) or _element(value) for value in values)
    return frozenset(word for word in told if word is not None)


def _element(value: ValueInfoProto) -> str | None:
    name = TensorProto.DataType.Name(value.type.tensor_type.elem_type)
    return None if name in CARRIED else name
