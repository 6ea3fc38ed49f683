"""The parts of a graph: its operators, weights, operator sets and the notes that it carries, without loading it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lading.bundles.digest import digest_of
from lading.bundles.graphs.wire import LENGTH, VARINT, WIDTHS, Wire, WireError
from lading.core.errors import IntegrityError

TYPES = (
    "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
    "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16",
)  # fmt: skip
"""ONNX's element types in the order of their numbers; newer ones are shown by their number."""

Value = int | bytes


class NoOnnxError(IntegrityError):
    """A file is no ONNX model."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path} {self.problem}, which is no ONNX; give an ONNX file that is whole"


@dataclass(frozen=True)
class Weights:
    """One initializer: its type, its extents, and the digest of all that the file says of it."""

    dtype: str
    shape: tuple[int, ...]
    digest: str

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}] {self.digest[:19]}…"


@dataclass(frozen=True)
class Parts:
    """What an ONNX file consists of."""

    opsets: Mapping[str, int] = field(default_factory=dict)
    """Versions by domain; the default domain is ``ai.onnx``."""
    operators: Counter[str] = field(default_factory=Counter)
    """How often each is used in the graph itself."""
    nodes: Counter[str] = field(default_factory=Counter)
    """How many there are of each, told apart by operator and digest, which covers attributes and graphs within."""
    weights: Mapping[str, Weights] = field(default_factory=dict)
    """The initializers by name."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """The model's ``metadata_props``."""


def graph_parts(data: bytes, path: str) -> Parts:
    """The parts of the ONNX file with these bytes; ``path`` names it in errors. Raises ``NoOnnxError``."""
    try:
        model = list(_fields(data))
        notes = [dict(_fields(_bytes(entry))) for number, entry in model if number == 14]
        sets = [dict(_fields(_bytes(entry))) for number, entry in model if number == 8]
        graph = [piece for number, entry in model if number == 7 for piece in _fields(_bytes(entry))]
        nodes = [_bytes(node) for number, node in graph if number == 1]
        return Parts(
            opsets={_text(entry.get(1, b"")) or "ai.onnx": _int(entry.get(2, 0)) for entry in sets},
            operators=Counter(_operator(dict(_fields(node))) for node in nodes),
            nodes=Counter(f"{_operator(dict(_fields(node)))} {digest_of(node)[:19]}…" for node in nodes),
            weights=dict(_weights(_bytes(tensor)) for number, tensor in graph if number == 5),
            notes={_text(entry.get(1, b"")): _text(entry.get(2, b"")) for entry in notes},
        )
    except WireError as error:
        raise NoOnnxError(path, str(error)) from error


def _fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Every field of a message: its number, and its value as an integer or as bytes."""
    wire = Wire(iter([data]), len(data))
    while wire.position < wire.size:
        number, kind = wire.tag()
        if kind == VARINT:
            yield number, wire.varint()
        elif kind == LENGTH:
            yield number, wire.take(wire.varint())
        elif kind in WIDTHS:
            yield number, wire.take(WIDTHS[kind])
        else:
            raise WireError("holds a field of a kind that protobuf has no more")


def _operator(node: Mapping[int, Value]) -> str:
    domain, name = _text(node.get(7, b"")), _text(node.get(4, b""))
    return f"{domain}.{name}" if domain not in ("", "ai.onnx") else name


def _weights(tensor: bytes) -> tuple[str, Weights]:
    shape: list[int] = []
    seen: dict[int, Value] = {}
    for number, value in _fields(tensor):
        if number == 1:
            shape += _packed(value) if isinstance(value, bytes) else [value]
        seen[number] = value
    kind = _int(seen.get(2, 0))
    dtype = TYPES[kind] if kind < len(TYPES) else f"type {kind}"
    return _text(seen.get(8, b"")), Weights(dtype, tuple(shape), digest_of(tensor))


def _packed(data: bytes) -> list[int]:
    wire, numbers = Wire(iter([data]), len(data)), list[int]()
    while wire.position < wire.size:
        numbers.append(wire.varint())
    return numbers


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    raise WireError("holds a number where a message is due")


def _int(value: Value) -> int:
    if isinstance(value, int):
        return value
    raise WireError("holds a text where a number is due")


def _text(value: Value) -> str:
    return _bytes(value).decode("utf-8", "backslashreplace")
