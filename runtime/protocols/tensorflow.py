"""TensorFlow Serving's words for a model: the state of its version, and its signature."""

from collections.abc import Iterable, Mapping, Sequence

from lading.bundles.signature import Signature
from lading.bundles.tensors.specs import KIND_DATATYPES, input_spec
from lading.bundles.tensors.values import kind_of
from lading.runtime.model import Model
from lading.runtime.protocols.predict_v1 import DEFAULT
from lading.runtime.protocols.tensors import OutputWriter

DTYPES: Mapping[str, str] = {
    "BOOL": "DT_BOOL",
    "BYTES": "DT_STRING",
    "FP16": "DT_HALF",
    "FP32": "DT_FLOAT",
    "FP64": "DT_DOUBLE",
    **{f"{sign}INT{bits}": f"DT_{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
}
"""Its words for the datatypes of the Open Inference Protocol."""


def status(versions: Iterable[Model], ready: bool) -> dict[str, object]:
    """The states of the ``versions`` of a model."""
    rest = {"state": "AVAILABLE" if ready else "UNLOADING", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [{"version": model.version, **rest} for model in versions]}


def metadata(model: Model) -> dict[str, object]:
    """The signature: what ``inputs`` and ``instances`` take by name, and every output."""
    signature = model.signature
    outputs = [OutputWriter(signature, output) for output in signature.outputs]
    shapes = [signature.row_shape(output.tensor) for output in signature.outputs]
    told = {
        "inputs": {name: _tensor(name, word, extents) for name, word, extents in _inputs(signature)},
        "outputs": {
            one.name: _tensor(one.name, one.datatype, shape) for one, shape in zip(outputs, shapes, strict=True)
        },
        "method_name": "tensorflow/serving/predict",
    }
    return {
        "model_spec": {"name": model.name, "signature_name": "", "version": model.version},
        "metadata": {"signature_def": {"signature_def": {DEFAULT: told}}},
    }


def _inputs(signature: Signature) -> list[tuple[str, str, Sequence[int | str]]]:
    """The name, the datatype and the extents of one row of each: the fields, or the matrix that they are."""
    if signature.form == "array":
        specs = [input_spec(signature, tensor) for tensor in signature.inputs]
        return [(spec.name, spec.datatype, spec.extents) for spec in specs]
    return [(field.name, KIND_DATATYPES[kind_of(field)], field.shape) for field in signature.fields]


def _tensor(name: str, datatype: str, extents: Sequence[int | str]) -> dict[str, object]:
    sizes = [-1, *(extent if isinstance(extent, int) else -1 for extent in extents)]
    dimensions = [{"size": str(size), "name": ""} for size in sizes]
    shape = {"dim": dimensions, "unknown_rank": False}
    return {"dtype": DTYPES[datatype], "tensor_shape": shape, "name": f"{name}:0"}
