"""The generated messages are those of the .proto file, and of the public protocol."""

import runpy
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from grpc_health.v1 import health_pb2
from tritonclient.grpc import model_config_pb2, service_pb2

from lading.runtime.grpc import open_inference_pb2

ROOT = Path(__file__).resolve().parent.parent.parent.parent
FOLDER = ROOT / "runtime" / "grpc"
TRITONS = {
    message.name: message
    for module in (service_pb2, model_config_pb2)
    for message in module.DESCRIPTOR.message_types_by_name.values()
}
BEYOND_TRITON = {("ModelMetadataResponse", "properties")}
"""What the public protocol has, and Triton's copy of it has not."""


def test_what_is_committed_is_what_the_script_makes() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "protos"))["modules"]()
    assert made == {name: (FOLDER / name).read_text() for name in made}, "run .venv/bin/python scripts/protos"
    assert made.keys() == {"open_inference_pb2.py", "open_inference_pb2.pyi"}


def words(field: FieldDescriptor) -> tuple[object, ...]:
    """What a field is on the wire."""
    kind = field.message_type or field.enum_type
    return field.number, field.type, field.is_repeated, None if kind is None else kind.full_name


def fields(message: Descriptor) -> dict[tuple[str, str], tuple[object, ...]]:
    """The fields of a message, and of those inside it."""
    found = {(message.name, field.name): words(field) for field in message.fields}
    for nested in message.nested_types:
        found |= fields(nested)
    return found


@pytest.mark.parametrize("name", list(open_inference_pb2.DESCRIPTOR.message_types_by_name))
def test_a_message_has_the_numbers_and_types_of_the_client_s(name: str) -> None:
    ours, theirs = fields(open_inference_pb2.DESCRIPTOR.message_types_by_name[name]), fields(TRITONS[name])
    beyond = ours.keys() - theirs.keys()
    assert {key for key in beyond if key[1] not in ("key", "value")} <= BEYOND_TRITON
    assert {key: field for key, field in ours.items() if key not in beyond} == {
        key: theirs[key] for key in ours if key not in beyond
    }


def test_the_enumeration_of_types_is_the_client_s() -> None:
    assert dict(open_inference_pb2.DataType.items()) == dict(model_config_pb2.DataType.items())


def test_every_method_takes_and_gives_what_the_client_s_does() -> None:
    def methods(module: object) -> dict[str, tuple[str, str]]:
        file = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)  # type: ignore[attr-defined]
        return {method.name: (method.input_type, method.output_type) for method in file.service[0].method}

    ours, theirs = methods(open_inference_pb2), methods(service_pb2)
    assert ours == {name: theirs[name] for name in ours}


def test_the_messages_live_beside_those_of_other_packages_in_one_process() -> None:
    mine = open_inference_pb2.ModelReadyRequest(name="penguins", version="1.0.0")
    assert service_pb2.ModelReadyRequest.FromString(mine.SerializeToString()).name == "penguins"
    assert open_inference_pb2.DESCRIPTOR.package == service_pb2.DESCRIPTOR.package
    assert health_pb2.DESCRIPTOR.package == "grpc.health.v1"
