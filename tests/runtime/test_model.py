import asyncio
import pickle
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.golden import Golden
from lading.bundles.parity import OutputParity
from lading.bundles.replay import GoldenMismatchError
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model

Made = Callable[[], Draft]


def with_answers(draft: Draft, **outputs: tuple[Any, ...]) -> Draft:
    """The draft with other golden answers, as if the original model had given them."""
    golden = draft.golden.model_dump() | {"outputs": {**draft.golden.outputs, **outputs}}
    return replace(draft, golden=Golden.model_validate(golden))


def waived(draft: Draft, largest: float) -> Draft:
    """The draft with a proof that failed by ``largest`` and was accepted."""
    seen = OutputParity(output="variable", max_absolute=largest, max_relative=1.0, max_ulp=1)
    return replace(draft, parity=draft.parity.model_copy(update={"waiver": "good enough", "outputs": (seen,)}))


def load(draft: Draft, folder: Path) -> Model:
    write_bundle(draft, folder / "made.lading")
    with open_bundle(folder / "made.lading") as bundle:
        return Model.load(bundle)


def test_a_loaded_model_knows_all_that_its_bundle_states(deployments: Deployments) -> None:
    model = deployments.get("penguins")
    assert (model.name, model.version) == ("penguins", "1.0.0")
    assert model.digest.startswith("sha256:")
    assert model.parity.precision == "float32"
    assert model.profile.rows == 4
    assert "penguins" in model.card


def test_a_model_that_answers_otherwise_than_the_original_does_not_load(tmp_path: Path, cells: Made) -> None:
    with pytest.raises(GoldenMismatchError) as caught:
        load(with_answers(cells(), variable=([2.0], [-5.5], [12.0])), tmp_path)
    assert caught.value.exit_code == 4
    assert (caught.value.row, caught.value.output) == (1, "variable")
    assert "golden row 1 with variable = " in str(caught.value)
    assert "-5.0" in str(caught.value)
    assert "-5.5" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_label_that_flips_is_a_mismatch(tmp_path: Path, penguins: Made) -> None:
    with pytest.raises(GoldenMismatchError, match="golden row 0 with label"):
        load(with_answers(penguins(), label=("Adelie", "Chinstrap", 'Gentoo "100%"', "Chinstrap")), tmp_path)


@pytest.mark.parametrize(
    ("accepted", "loads"),
    [
        pytest.param(0.5, True, id="what was accepted is accepted again"),
        pytest.param(0.4, False, id="what is worse than what was accepted is not"),
    ],
)
def test_a_waiver_covers_what_it_was_given_for(tmp_path: Path, cells: Made, accepted: float, loads: bool) -> None:
    draft = waived(with_answers(cells(), variable=([2.0], [-5.5], [12.0])), accepted)
    if loads:
        assert load(draft, tmp_path).parity.waiver == "good enough"
    else:
        with pytest.raises(GoldenMismatchError):
            load(draft, tmp_path)


def test_a_waiver_does_not_cover_more_flips_than_it_was_given_for(tmp_path: Path, penguins: Made) -> None:
    flipped = with_answers(penguins(), label=("Adelie", "Chinstrap", 'Gentoo "100%"', "Chinstrap"))
    with pytest.raises(GoldenMismatchError):
        load(waived(flipped, 1.0), tmp_path)


@pytest.mark.parametrize(("name", "output", "shape"), [
    pytest.param("penguins", "label", (0,), id="labels"),
    pytest.param("penguins", "probabilities", (0, 3), id="probabilities"),
    pytest.param("images", "again", (0, 1), id="text"),
    pytest.param("mosaics", "moved", (0, 0, 0), id="a tensor of its own for each row"),
])  # fmt: skip
def test_no_rows_get_no_answers(deployments: Deployments, name: str, output: str, shape: tuple[int, ...]) -> None:
    model = deployments.get(name)
    assert model.run(model.encoder.encode_rows([]))[output].shape == shape


def test_no_rows_do_not_run_the_graph(tmp_path: Path, cells: Made) -> None:
    # Reshape to one row fails unless there is exactly one, so that an answer shows that it did not run.
    draft = cells()
    graph = onnx.load_model_from_string(draft.model)
    graph.graph.node.insert(0, helper.make_node("Reshape", ["X", "one"], ["Y"]))
    graph.graph.node[1].input[0] = "Y"
    graph.graph.initializer.append(numpy_helper.from_array(np.array([-1, 4]), "one"))
    model = load(replace(draft, model=graph.SerializeToString()), tmp_path)
    assert model.run({"X": np.empty((0, 4), np.float32)})["variable"].shape == (0, 1)


def test_external_data_is_loaded_from_the_bundle(tmp_path: Path, cells: Made) -> None:
    draft = cells()
    graph = onnx.load_model_from_string(draft.model)
    onnx.external_data_helper.convert_model_to_external_data(graph, location="weights.bin", size_threshold=0)
    onnx.save_model(graph, str(tmp_path / "model.onnx"))
    beside = {"model/weights.bin": (tmp_path / "weights.bin").read_bytes()}
    model = load(replace(draft, model=(tmp_path / "model.onnx").read_bytes(), extra_files=beside), tmp_path)
    rows = model.encoder.encode_rows([{"x0": 1, "x1": 1, "x2": 1, "x3": 2}])
    assert model.run(rows)["variable"].tolist() == [[3.0]]


def test_a_model_is_quick_until_its_rows_take_too_long(bundles: dict[str, Path]) -> None:
    model = Deployments.load([bundles["cells"]]).get("cells")
    assert model.seconds_per_call >= 0
    model.seconds_per_call, model.seconds_per_row = 0.0004, 0.0001
    assert model.quick(6)
    assert not model.quick(7)


def test_work_aside_is_done_in_a_thread_of_the_model(deployments: Deployments) -> None:
    async def asked() -> str:
        return await deployments.get("cells").aside(lambda: threading.current_thread().name)

    assert asyncio.run(asked()).startswith("lading-cells")


def test_a_slow_model_is_timed_with_one_row_only(bundles: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lading.runtime.model.INLINE_SECONDS", 0.0)
    model = Deployments.load([bundles["cells"]]).get("cells")
    assert model.seconds_per_call > 0
    assert model.seconds_per_row == 0
    assert not model.quick(1)
