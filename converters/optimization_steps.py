"""The steps of optimising: what ONNX Runtime makes of a graph, kept to what any machine can load."""

import logging
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lading.bundles.graphs.scan import ScanError, scan
from lading.bundles.session import NOTHING

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto

SCALING = "DynamicQuantizeLinear"
"""The operator that scales what goes into a product of integers."""

TOOL = f"onnxruntime {version('onnxruntime')}"


def optimized(model: bytes) -> bytes:
    """The graph with constants worked out and nodes put together, as ONNX Runtime does it when it loads one.

    Not with the layouts that it would choose for this processor. Where what it puts together is an operator that no
    bundle may use, only ONNX's own operators are left.
    """
    import onnxruntime

    levels = cast(Any, onnxruntime).GraphOptimizationLevel
    for level in (levels.ORT_ENABLE_EXTENDED, levels.ORT_ENABLE_BASIC):
        made = _at_level(model, level)
        try:
            scan(iter([made]), len(made), {})
        except ScanError:
            continue
        return made
    return model


def quantized(model: bytes) -> bytes:
    """The graph with the constant weights of its matrix products as unsigned integers of 8 bits.

    Unsigned on both sides, since processors without the instructions for it would cut sums of signed ones off. The
    same graph where there is none in float32.
    """
    from onnx import load_from_string
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory(prefix="lading-int8-") as folder:
        path = Path(folder) / "model.onnx"
        logger = logging.getLogger()
        level, logger.level = logger.level, logging.ERROR  # it advises what was chosen not to be done
        try:
            quantize_dynamic(load_from_string(model), path, weight_type=QuantType.QUInt8)
        finally:
            logger.level = level
        made = _tidy(path.read_bytes(), model)
    return made if any(operator == SCALING for _, operator in nodes_of(made)) else model


def nodes_of(model: bytes) -> list[tuple[str, str]]:
    """Domain and operator of each node of the main graph."""
    import onnx

    return [(node.domain, node.op_type) for node in onnx.load_from_string(model).graph.node]


def _at_level(model: bytes, level: Any) -> bytes:
    import onnxruntime

    options = cast(Any, onnxruntime).SessionOptions()
    options.log_severity_level = NOTHING
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    with tempfile.TemporaryDirectory(prefix="lading-graph-") as folder:
        path = Path(folder) / "model.onnx"
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return _tidy(path.read_bytes(), model)


def _tidy(made: bytes, before: bytes) -> bytes:
    """The same graph without the operator sets that it does not use, and with what it said of itself before."""
    import onnx

    proto, old = onnx.load_from_string(made), onnx.load_from_string(before)
    used = _domains(proto.graph) | {""} | {domain for part in proto.functions for domain in _domains(part)}
    kept = sorted((entry.domain, entry.version) for entry in proto.opset_import if entry.domain in used)
    del proto.opset_import[:]
    proto.opset_import.extend(onnx.helper.make_opsetid(*entry) for entry in kept)
    onnx.helper.set_model_props(proto, {entry.key: entry.value for entry in old.metadata_props})
    proto.producer_name, proto.producer_version = old.producer_name, old.producer_version
    return proto.SerializeToString(deterministic=True)


def _domains(graph: "GraphProto | FunctionProto") -> set[str]:
    found: set[str] = set()
    for node in graph.node:
        found.add(node.domain)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                found |= _domains(inner)
    return found
