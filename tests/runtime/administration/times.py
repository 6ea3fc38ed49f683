"""Bundles that tell their versions apart by what they answer: version ``k`` answers its number ``k`` times."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

from lading.bundles.bundle import Bundle, open_bundle
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.golden import Golden
from lading.bundles.signature import Signature
from tests.runtime.drafting import draft, graph, one_number

REQUEST = b'{"id": "one", "inputs": [{"name": "X", "shape": [1, 1], "datatype": "FP64", "data": [7]}]}'
PATH = "/v2/models/times/infer"


def times(factor: int, folder: Path) -> Path:
    """The bundle of version ``factor``, in ``folder``."""
    signature = one_number("x", "y")
    nodes = [helper.make_node("Mul", ["X", "factor"], ["y"])]
    model = graph(nodes, signature, {"factor": np.array([float(factor)])})
    made = draft("times", signature, model, {"x": np.array([1.0, 2.0])}, version=f"{factor}.0.0")
    path = folder / f"times-{factor}.lading"
    write_bundle(made, path)
    return path


def failing(folder: Path) -> Path:
    """A bundle, version 4.0.0, that answers its golden rows as version 1 does, and cannot compute with a 7."""
    signature = one_number("x", "y")
    nodes = [
        helper.make_node("Cast", ["X"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["values", "index"], ["y"]),
    ]
    model = graph(nodes, signature, {"values": np.arange(4.0)})
    path = folder / "times-4.lading"
    write_bundle(draft("times", signature, model, {"x": np.array([1.0, 2.0])}, version="4.0.0"), path)
    return path


def lying(path: Path, folder: Path) -> Path:
    """A bundle like that at ``path`` whose golden rows say something else than its graph computes."""
    with open_bundle(path) as bundle:
        golden = bundle.golden()
        wrong = golden.model_copy(update={"outputs": {name: [[999.0]] * golden.rows for name in golden.outputs}})
        return _altered(bundle, bundle.manifest.signature, wrong, folder / "lying.lading")


def unfit(path: Path, folder: Path) -> Path:
    """A bundle like that at ``path`` whose signature names an output that its graph does not have."""
    with open_bundle(path) as bundle:
        output = bundle.manifest.signature.outputs[0]
        other = output.model_copy(update={"tensor": output.tensor.model_copy(update={"name": "z"})})
        signature = bundle.manifest.signature.model_copy(update={"outputs": (other,)})
        golden = bundle.golden()
        renamed = golden.model_copy(update={"outputs": {"z": golden.outputs["y"]}})
        return _altered(bundle, signature, renamed, folder / "unfit.lading")


def _altered(bundle: Bundle, signature: Signature, golden: Golden, path: Path) -> Path:
    manifest = bundle.manifest
    made = Draft(
        name=manifest.name,
        version=manifest.version,
        graph=manifest.graph,
        signature=signature,
        provenance=manifest.provenance,
        parity=manifest.parity,
        golden=golden,
        profile=bundle.profile(),
        model=bundle.read(manifest.graph.path),
    )
    write_bundle(made, path)
    return path


def answer(factor: int) -> bytes:
    """What version ``factor`` answers to ``REQUEST``, to the byte."""
    return (
        b'{"model_name":"times","model_version":"%d.0.0","id":"one","outputs":'
        b'[{"name":"y","datatype":"FP64","shape":[1,1],"data":[%d.0]}]}' % (factor, 7 * factor)
    )
