"""The schema: which fields ONNX's messages have, as onnx.proto of ONNX 1.23 says, and what is done with each."""

from collections.abc import Mapping
from typing import NamedTuple

from lading.bundles.graphs.wire import FIXED32, FIXED64, LENGTH, VARINT


class Field(NamedTuple):
    """One field of a message."""

    wire_type: int
    many: bool = False
    message: str | None = None
    """The message that it holds, where it holds one."""
    packed: bool = False
    """Whether many numbers may also come as one text of them."""
    kept: bool = False
    """Whether its value is looked at."""


def _one(message: str) -> Field:
    return Field(LENGTH, message=message)


def _many(message: str, kept: bool = False) -> Field:
    return Field(LENGTH, many=True, message=message, kept=kept)


_NUMBER = Field(VARINT)
_TEXT = Field(LENGTH)
_TEXTS = Field(LENGTH, many=True)
_KEPT = Field(LENGTH, kept=True)
_NUMBERS = Field(VARINT, many=True, packed=True)

TRAINING = 20
"""The field of a model that holds what trains it; in no schema here, since it runs graphs that nobody serves."""

SCHEMA: Mapping[str, Mapping[int, Field]] = {
    "Model": {
        1: _NUMBER, 2: _TEXT, 3: _TEXT, 4: _TEXT, 5: _NUMBER, 6: _TEXT, 7: _one("Graph"), 8: _many("OperatorSetId"),
        14: _many("StringStringEntry"), 25: _many("Function"), 26: _many("DeviceConfiguration"),
    },
    "OperatorSetId": {1: _TEXT, 2: _NUMBER},
    "Graph": {
        1: _many("Node"), 2: _TEXT, 5: _many("Tensor"), 10: _TEXT, 11: _many("ValueInfo"), 12: _many("ValueInfo"),
        13: _many("ValueInfo"), 14: _many("TensorAnnotation"), 15: _many("SparseTensor"),
        16: _many("StringStringEntry"),
    },
    "Node": {
        1: _TEXTS, 2: _TEXTS, 3: _TEXT, 4: _KEPT, 5: _many("Attribute"), 6: _TEXT, 7: _KEPT, 8: _KEPT,
        9: _many("StringStringEntry"), 10: _many("NodeDeviceConfiguration"),
    },
    "Function": {
        1: _KEPT, 4: _TEXTS, 5: _TEXTS, 6: _TEXTS, 7: _many("Node"), 8: _TEXT, 9: _many("OperatorSetId"), 10: _KEPT,
        11: _many("Attribute"), 12: _many("ValueInfo"), 13: _KEPT, 14: _many("StringStringEntry"),
    },
    "Attribute": {
        1: _TEXT, 2: Field(FIXED32), 3: _NUMBER, 4: _TEXT, 5: _one("Tensor"), 6: _one("Graph"),
        7: Field(FIXED32, many=True, packed=True), 8: _NUMBERS, 9: _TEXTS, 10: _many("Tensor"), 11: _many("Graph"),
        13: _TEXT, 14: _one("Type"), 15: _many("Type"), 20: _NUMBER, 21: _TEXT, 22: _one("SparseTensor"),
        23: _many("SparseTensor"),
    },
    "Tensor": {
        1: _NUMBERS, 2: _NUMBER, 3: _one("Segment"), 4: Field(FIXED32, many=True, packed=True), 5: _NUMBERS,
        6: _TEXTS, 7: _NUMBERS, 8: _TEXT, 9: _TEXT, 10: Field(FIXED64, many=True, packed=True), 11: _NUMBERS,
        12: _TEXT, 13: _many("External", kept=True), 14: Field(VARINT, kept=True),
        16: _many("StringStringEntry"),
    },
    "Segment": {1: _NUMBER, 2: _NUMBER},
    "StringStringEntry": {1: _TEXT, 2: _TEXT},
    "External": {1: _KEPT, 2: _KEPT},
    "SparseTensor": {1: _one("Tensor"), 2: _one("Tensor"), 3: _NUMBERS},
    "Type": {
        1: _one("TensorType"), 4: _one("Sequence"), 5: _one("Map"), 6: _TEXT, 7: _one("Opaque"),
        8: _one("TensorType"), 9: _one("Sequence"),
    },
    "TensorType": {1: _NUMBER, 2: _one("TensorShape")},
    "TensorShape": {1: _many("Dimension")},
    "Dimension": {1: _NUMBER, 2: _TEXT, 3: _TEXT},
    "Sequence": {1: _one("Type")},
    "Map": {1: _NUMBER, 2: _one("Type")},
    "Opaque": {1: _TEXT, 2: _TEXT},
    "ValueInfo": {1: _TEXT, 2: _one("Type"), 3: _TEXT, 4: _many("StringStringEntry")},
    "TensorAnnotation": {1: _TEXT, 2: _many("StringStringEntry")},
    "DeviceConfiguration": {1: _TEXT, 2: _NUMBER, 3: _TEXTS},
    "NodeDeviceConfiguration": {1: _TEXT, 2: _many("ShardingSpec"), 3: _NUMBER},
    "ShardingSpec": {1: _TEXT, 2: _NUMBERS, 3: _many("IntIntListEntry"), 4: _many("ShardedDim")},
    "IntIntListEntry": {1: _NUMBER, 2: _NUMBERS},
    "ShardedDim": {1: _NUMBER, 2: _many("SimpleShardedDim")},
    "SimpleShardedDim": {1: _NUMBER, 2: _TEXT, 3: _NUMBER},
}  # fmt: skip
