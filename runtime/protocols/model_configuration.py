"""The model configuration: a model in the words of Triton's ``ModelConfig``, for clients that ask for it."""

from collections.abc import Mapping

from lading.runtime.model import Model
from lading.runtime.protocols.inference import InferenceDialect

PLATFORM = "onnx_onnxv1"


def configuration(model: Model) -> dict[str, object]:
    """Those parts of a ``ModelConfig`` that say something of a bundle.

    ``max_batch_size`` is 0, which says that the dimensions are those of whole tensors, rows included.
    """
    dialect = InferenceDialect(model)
    return {
        "name": model.name,
        "platform": PLATFORM,
        "backend": "onnxruntime",
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": 0,
        "input": [_tensor(spec.metadata) | {"optional": spec.optional} for spec in dialect.inputs.specs],
        "output": [_tensor(writer.metadata) for writer in dialect.outputs],
        "default_model_filename": model.manifest.graph.path.rpartition("/")[2],
        "parameters": {"lading-bundle-digest": {"string_value": model.digest}},
    }


def _tensor(metadata: Mapping[str, object]) -> dict[str, object]:
    datatype = metadata["datatype"]
    word = "STRING" if datatype == "BYTES" else datatype
    return {"name": metadata["name"], "data_type": f"TYPE_{word}", "dims": metadata["shape"]}
