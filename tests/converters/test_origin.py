"""The origin: the graph of a bundle names its bundle, and is the same graph."""

from pathlib import Path
from typing import Any

import onnx
from sklearn.linear_model import LinearRegression

from lading.bundles.bundle import open_bundle
from lading.bundles.origin import Origin
from lading.converters import package
from lading.converters.graph import with_notes


def test_a_graph_can_be_traced_to_its_bundle(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    made = [
        package(penguin_model, penguins.train, name="penguins", version="2.0.0", path=tmp_path / name)
        for name in ("a.lading", "b.lading")
    ]
    assert made[0].digest == made[1].digest
    with open_bundle(made[0].path) as bundle:
        proto = onnx.load_from_string(bundle.read("model/model.onnx"))
        data = bundle.manifest.provenance.data.digest
    notes = {entry.key: entry.value for entry in proto.metadata_props}
    assert notes == {"lading.name": "penguins", "lading.version": "2.0.0", "lading.data.digest": data}
    assert Origin.of(notes) == Origin("penguins", "2.0.0", data)


def test_a_graph_out_of_a_bundle_names_its_new_one(tmp_path: Path) -> None:
    rows = {"x": [[1.0], [2.0], [3.0]]}
    import numpy as np

    data = np.array(rows["x"])
    model = LinearRegression().fit(data, [1.0, 2.0, 3.0])
    first = package(model, data, name="first", path=tmp_path / "first")
    graph = first.path / "model" / "model.onnx"
    second = package(graph, data.astype(np.float64), name="second", path=tmp_path / "second")
    proto = onnx.load(second.path / "model" / "model.onnx")
    assert {entry.key: entry.value for entry in proto.metadata_props}["lading.name"] == "second"
    assert len(proto.metadata_props) == 3


def test_other_notes_stay() -> None:
    proto = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []))
    onnx.helper.set_model_props(proto, {"author": "Ada", "lading.name": "old"})
    changed = onnx.load_from_string(with_notes(proto.SerializeToString(), {"lading.name": "new"}))
    assert {entry.key: entry.value for entry in changed.metadata_props} == {"author": "Ada", "lading.name": "new"}
    assert changed.graph == proto.graph
