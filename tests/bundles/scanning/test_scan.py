"""The scan: what a graph may hold, however it is written and however deep it lies."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import onnx
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper

from lading.bundles.graphs import scan as scanning
from lading.bundles.graphs.scan import ScanError, scan
from lading.bundles.graphs.schema import SCHEMA
from lading.bundles.graphs.wire import FIXED32, FIXED64, LENGTH, VARINT
from tests.bundles.graphs import add_external, model_of, penguins

BESIDE = {"weights.bin": 100}
REFUSED = {"ModelProto": {20}}
"""Fields that ONNX knows and no bundle may have: what trains a model."""
WIRE_TYPES = {
    FieldDescriptor.TYPE_FLOAT: FIXED32,
    FieldDescriptor.TYPE_DOUBLE: FIXED64,
    FieldDescriptor.TYPE_STRING: LENGTH,
    FieldDescriptor.TYPE_BYTES: LENGTH,
    FieldDescriptor.TYPE_MESSAGE: LENGTH,
}


def scanned(model: ModelProto | bytes, piece: int = 1 << 20) -> frozenset[str]:
    data = model if isinstance(model, bytes) else model.SerializeToString()
    return scan(pieces(data, piece), len(data), BESIDE)


def pieces(data: bytes, length: int) -> Iterator[bytes]:
    return (data[start : start + length] for start in range(0, len(data), length))


def check(descriptor: Any, kind: str, seen: dict[str, str]) -> None:
    """That the schema has every field of a message, and of those in it, as ONNX has them."""
    if seen.setdefault(descriptor.full_name, kind) == kind and list(seen.values()).count(kind) > 1:
        assert kind in ("TensorType", "Sequence")  # two of ONNX's messages with the same fields
    fields = {field.number: field for field in descriptor.fields}
    assert set(SCHEMA[kind]) == set(fields) - REFUSED.get(descriptor.name, set()), kind
    for number, known in SCHEMA[kind].items():
        field = fields[number]
        assert known.many == field.is_repeated, (kind, number)
        assert known.wire_type == WIRE_TYPES.get(field.type, VARINT), (kind, number)
        assert known.packed == (known.many and field.type not in (9, 11, 12)), (kind, number)
        assert (known.message is None) == (field.message_type is None), (kind, number)
        if known.message is not None and field.message_type.full_name not in seen:
            check(field.message_type, known.message, seen)


def test_the_schema_is_that_of_onnx() -> None:
    check(ModelProto.DESCRIPTOR, "Model", {})


def of(nodes: list[Any]) -> ModelProto:
    return model_of(nodes)


def within(node: Any, levels: int = 1) -> Any:
    """A node around a graph around ``node``, so many times."""
    for level in range(levels):
        node = helper.make_node("If", ["c"], ["y"], then_branch=helper.make_graph([node], f"g{level}", [], []))
    return node


def with_function(*names: str) -> ModelProto:
    """A model that uses the function ``mine.F`` and defines those of these names."""
    model = of([helper.make_node("F", ["x"], ["y"], domain="mine")])
    opsets = [helper.make_opsetid("", 21)]
    for name in names:
        body = [helper.make_node("Identity", ["a"], ["b"])]
        model.functions.append(helper.make_function("mine", name, ["a"], ["b"], body, opsets))
    return model


def with_external(**entries: str) -> ModelProto:
    model = of([])
    add_external(model.graph, entries)
    return model


def test_what_computes_passes() -> None:
    assert scanned(penguins()) == frozenset()
    assert scanned(of([within(helper.make_node("Identity", ["x"], ["y"]), 5)])) == frozenset()
    assert scanned(of([helper.make_node("FusedMatMul", ["x", "x"], ["y"], domain="com.microsoft")])) == frozenset()
    assert scanned(with_function("F")) == frozenset()
    assert scanned(with_external(location="weights.bin", offset="90", length="10")) == {"weights.bin"}


def _deep(levels: int) -> bytes:
    """Graphs within one another, deeper than protobuf's own writers go."""
    data = b""
    for _ in range(levels):
        for tag in (b"\x32", b"\x2a", b"\x0a"):  # the graph of an attribute of a node of a graph
            data = tag + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data
    return b"\x3a" + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data


def _attribute_external() -> ModelProto:
    tensor = TensorProto(name="t", data_type=TensorProto.UINT8, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="weights.bin")
    return of([helper.make_node("Constant", [], ["y"], value=tensor)])


def _hidden_external() -> ModelProto:
    model = with_external(location="/etc/passwd")
    model.graph.initializer[0].data_location = TensorProto.DEFAULT
    return model


def _twice_external() -> ModelProto:
    model = with_external(location="weights.bin")
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")
    return model


def _trained() -> ModelProto:
    model = of([])
    model.training_info.add().algorithm.name = "more"
    return model


def _function_of_strangers() -> ModelProto:
    model = with_function("F")
    model.functions[0].node.append(helper.make_node("Run", [], ["z"], domain="ai.onnx.contrib"))
    return model


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda: of([helper.make_node("PyOp", ["x"], ["y"], domain="ai.onnx.contrib")]), "'PyOp' of the domain 'ai.onnx.contrib'", id="another domain"),
        pytest.param(lambda: of([helper.make_node("EPContext", [], ["y"], domain="com.microsoft")]), "'EPContext'", id="compiled code"),
        pytest.param(lambda: of([within(helper.make_node("PyOp", [], ["y"], domain="x"), 9)]), "'PyOp'", id="in a subgraph"),
        pytest.param(_function_of_strangers, "'Run'", id="in a function"),
        pytest.param(lambda: with_function("G"), "'F' of the domain 'mine'", id="a function that is not there"),
        pytest.param(lambda: _deep(40), "100 levels", id="deep"),
        pytest.param(_trained, "train", id="training"),
        pytest.param(lambda: with_external(location="../weights.bin"), "no file of the bundle", id="dot dot"),
        pytest.param(lambda: with_external(location="/etc/passwd"), "no file of the bundle", id="absolute"),
        pytest.param(lambda: with_external(location="./weights.bin"), "no file of the bundle", id="another spelling"),
        pytest.param(lambda: with_external(location="*/_ORT_MEM_ADDR_/*", offset="4096"), "no file", id="an address"),
        pytest.param(lambda: with_external(offset="0"), "no file of the bundle", id="no location"),
        pytest.param(lambda: with_external(location="weights.bin", length="101"), "beyond its end", id="too long"),
        pytest.param(lambda: with_external(location="weights.bin", offset="101"), "beyond its end", id="too far"),
        pytest.param(lambda: with_external(location="weights.bin", offset="-1"), "for a number", id="negative"),
        pytest.param(lambda: with_external(location="weights.bin", offset="0x1"), "for a number", id="hexadecimal"),
        pytest.param(lambda: with_external(location="weights.bin", basepath="/etc"), "not known here", id="a key"),
        pytest.param(_twice_external, "says twice", id="two locations"),
        pytest.param(_hidden_external, "no file of the bundle", id="a location that is not in use"),
        pytest.param(_attribute_external, "not one of its weights", id="an attribute's data"),
        pytest.param(lambda: b"", "no graph", id="empty"),
        pytest.param(lambda: penguins()[:-1], "", id="cut short"),
        pytest.param(lambda: penguins() + penguins(), "twice", id="two models"),
        pytest.param(lambda: penguins() + b"\x98\x06\1", "does not know", id="an unknown field"),
        pytest.param(lambda: penguins() + b"\x0b\x0c", "in a way that ONNX does not", id="a group"),
        pytest.param(lambda: penguins() + b"\0", "without a number", id="field 0"),
        pytest.param(lambda: penguins() + b"\x08" + b"\xff" * 10, "too long", id="a long number"),
        pytest.param(lambda: penguins() + b"\xf2\x01\xff\xff\xff\xff\x0f", "", id="longer than all"),
        pytest.param(lambda: b"\x80\4K\1.", "", id="a pickle"),
    ],
)  # fmt: skip
def test_what_may_not_be_loaded_is_refused_with_the_reason(make: Callable[[], ModelProto | bytes], words: str) -> None:
    with pytest.raises(ScanError) as caught:
        scanned(make())
    assert words in str(caught.value)


def test_a_graph_of_very_many_fields_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MOST_FIELDS", 10)
    with pytest.raises(ScanError, match="more than 10 fields"):
        scanned(penguins())


def test_very_many_strangers_are_not_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MOST_NAMES", 2)
    with pytest.raises(ScanError, match="more than 2 operators"):
        scanned(of([helper.make_node(f"Op{number}", [], ["y"], domain="x") for number in range(3)]))
    with pytest.raises(ScanError, match="more than 2 functions"):
        scanned(with_function("F", "G", "H"))


def calling(calls: Mapping[str, list[str]]) -> ModelProto:
    """A model that calls the function ``F0``, of functions that call those that ``calls`` says."""
    model = of([helper.make_node("F0", ["x"], ["y"], domain="mine")])
    for name, called in calls.items():
        body = [helper.make_node(one, ["a"], ["b"], domain="mine") for one in called]
        model.functions.append(helper.make_function("mine", name, ["a"], ["b"], body, [helper.make_opsetid("", 21)]))
    return model


def test_functions_that_double_one_another_are_refused() -> None:
    few = {f"F{level}": [f"F{level + 1}"] * 2 for level in range(15)} | {"F15": []}
    assert scanned(calling(few)) == frozenset()
    with pytest.raises(ScanError, match="more than 5000000 nodes"):
        scanned(calling({f"F{level}": [f"F{level + 1}"] * 2 for level in range(40)} | {"F40": []}))


def test_functions_that_call_themselves_are_refused() -> None:
    with pytest.raises(ScanError, match="by itself"):
        scanned(calling({"F0": ["F1"], "F1": ["F0"]}))
    with pytest.raises(ScanError, match="by itself"):
        scanned(calling({"F0": ["F0"]}))


@given(piece=st.integers(1, 40), numbers=st.lists(st.integers(-(2**63), 2**63 - 1)), texts=st.lists(st.binary()))
def test_a_graph_passes_whatever_pieces_it_comes_in(piece: int, numbers: list[int], texts: list[bytes]) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    for name, kind, values in (("i", "ints", numbers), ("s", "strings", texts), ("f", "floats", map(float, numbers))):
        attribute = node.attribute.add(name=name)
        getattr(attribute, kind).extend(values)
    packed = helper.make_tensor("t", TensorProto.INT64, [len(numbers)], numbers)
    model = of([node])
    model.graph.initializer.append(packed)
    assert scanned(model, piece) == frozenset()


def messages(message: Message) -> Iterator[Message]:
    """A message and all that are in it, as ONNX's own library reads them."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                yield from messages(inner)


@settings(max_examples=300)
@given(data=st.binary(max_size=60), place=st.integers(0, 10_000), other=st.integers(0, 255))
def test_whatever_passes_is_harmless_as_onnx_reads_it(data: bytes, place: int, other: int) -> None:
    for sound in (penguins(external={"weights.bin": 9}), with_function("F").SerializeToString()):
        at = place % len(sound)
        changed = sound[:at] + bytes([other]) + sound[at + 1 :]
        for candidate in (changed, sound[:at] + data + sound[at:], sound + data, data):
            try:
                scanned(candidate)
                model = onnx.ModelProto.FromString(candidate)
            except (ScanError, DecodeError):
                continue
            defined = {(function.domain, function.name) for function in model.functions}
            for message in messages(model):
                if isinstance(message, onnx.NodeProto):
                    assert message.domain in ("", "ai.onnx.ml") or (message.domain, message.op_type) in defined
                if isinstance(message, TensorProto) and message.data_location == TensorProto.EXTERNAL:
                    assert {"location": "weights.bin"}.items() <= {
                        e.key: e.value for e in message.external_data
                    }.items()
