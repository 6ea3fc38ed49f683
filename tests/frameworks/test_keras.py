"""Keras 3: models answer in a bundle as they predict, on PyTorch's backend and on another."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from lading.bundles.bundle import Bundle, open_bundle
from lading.converters.loading import ModelUnpickleError, UntrustedTypesError, load_model
from tests.frameworks.conftest import answers, columns_of
from tests.frameworks.coverage import became, case
from tests.frameworks.keras_models import (
    IMAGES,
    MATRIX,
    MIXED,
    PAIRS,
    SERIES,
    Subclassed,
    dense,
    image,
    mixed,
    recurrent,
    refused,
    sequential,
    subclassed,
)

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras over PyTorch
]
Pack = Callable[..., Bundle]


def own(model: Any, arrays: Any) -> Any:
    return keras.tree.map_structure(keras.ops.convert_to_numpy, model(arrays, training=False))


@pytest.mark.parametrize(
    ("make", "data"), [(image, IMAGES), (recurrent, SERIES)], ids=["convolutions", "a recurrent network"]
)
def test_networks_over_tensors_answer_as_they_predict(pack: Pack, make: Callable[[], Any], data: np.ndarray) -> None:
    bundle = pack(make(), data)
    for rows in (1, 5):
        found = answers(bundle, {"x": data[:rows]})["output"]
        np.testing.assert_allclose(found, own(make(), data[:rows]), rtol=1e-4, atol=1e-6)


def test_preprocessing_is_inside_of_the_graph(pack: Pack) -> None:
    bundle = pack(dense(), MATRIX, classes=["low", "mid", "high"], scores="logits")
    logits = own(dense(), MATRIX.astype(np.float32))
    found = answers(bundle, columns_of(MATRIX))
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-4, atol=1e-6)
    assert bundle.manifest.parity.reference == f"keras {keras.__version__} on torch"


def test_probabilities_of_a_softmax_are_taken_as_such(pack: Pack) -> None:
    outputs = pack(image(), IMAGES, classes=list("abcde"), scores="probabilities").manifest.signature.outputs
    assert [output.meaning for output in outputs] == ["label", "probabilities"]


@pytest.mark.parametrize("structure", ["list", "mapping"])
def test_several_inputs_and_outputs_keep_their_names(pack: Pack, structure: str) -> None:
    found = answers(pack(mixed(structure), MIXED), MIXED)
    expected = own(mixed(structure), MIXED if structure == "mapping" else list(MIXED.values()))
    pairs = expected.items() if structure == "mapping" else zip(("kind", "price"), expected, strict=True)
    for name, values in pairs:
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-6)


def test_subclassed_models_are_given_their_arguments_by_name(pack: Pack) -> None:
    model = subclassed()
    expected = keras.ops.convert_to_numpy(model(PAIRS["left"], PAIRS["right"]))
    np.testing.assert_allclose(answers(pack(model, PAIRS), PAIRS)["output"], expected, rtol=1e-4, atol=1e-6)


def test_files_are_packaged_from_a_shell(tmp_path: Path) -> None:
    model, rows, bundle = tmp_path / "dense.keras", tmp_path / "rows.npy", tmp_path / "dense.lading"
    dense().save(model)
    np.save(rows, MATRIX)
    command = [str(Path(sys.executable).with_name("lading")), "package", str(model), "--data", str(rows)]
    command += ["--name", "dense", "--output", str(bundle), "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["parity"]["reference"].endswith("on torch")
    with open_bundle(bundle) as opened:
        found = answers(opened, columns_of(MATRIX))["output"]
    np.testing.assert_allclose(found, own(dense(), MATRIX.astype(np.float32)), rtol=1e-4, atol=1e-6)


ELSEWHERE = """
import sys, numpy as np, keras
from lading.converters import package
from keras import layers
keras.utils.set_random_seed(0)
normal = layers.Normalization()
rows = np.random.default_rng(0).normal(3, 2, size=(60, 4))
normal.adapt(rows)
model = keras.Sequential([keras.Input((4,)), normal, layers.Dense(8, "gelu"), layers.Dense(2)])
print(package(model, rows, name="jax", path=sys.argv[1]).parity.reference)
class Own(keras.layers.Layer):
    def call(self, x): return x * 2
model = keras.Sequential([keras.Input((4,)), Own(), layers.Dense(2)])
try: package(model, rows, name="own", path=sys.argv[1])
except Exception as error: print(error)
"""


def test_models_on_another_backend_are_proved_against_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "jax.lading")]
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "jax"})
    assert ended.returncode == 0, ended.stderr
    first, second = ended.stdout.splitlines()
    assert first == f"keras {keras.__version__} on jax"
    assert "does not run on Keras's backend torch" in second


REFUSED = {
    "a Lambda": r'step "twice" is a Python function.*keras\.ops',
    "no weights yet": "has no weights yet; call it once",
    "another number of columns": "fails on rows like those of the data",
    "dropout that never ends": "draws random numbers",
    "a branch on values": "branches on the values of its inputs",
    "mixed_float16": "computes in float16; give it in float32",
    "mixed_bfloat16": "computes in bfloat16; give it in float32",
    "other inputs than the data has": "takes numbers, shop, the data has numbers, shops",
}


def test_every_refusal_is_told_with_a_way_out() -> None:
    assert {one.what for one in refused()} == set(REFUSED)


@pytest.mark.parametrize(("what", "told"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_followed_is_refused_with_a_way_out(what: str, told: str) -> None:
    found = became(case("keras", what))
    assert found.precision is None
    assert re.search(told, found.reason)
    assert ";" in found.reason


def test_a_model_is_left_with_its_penalties_and_its_loops(pack: Pack) -> None:
    layer, loop = layers.Dense(3, activity_regularizer="l2"), layers.SimpleRNN(2)
    pack(sequential((6, 2), lambda: layer, lambda: loop), SERIES)
    assert (loop.unroll, type(layer.activity_regularizer).__name__) == (False, "L2")


def test_files_that_name_code_need_trust(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x * 2)]).save(path)
    with pytest.raises(UntrustedTypesError, match="Lambda"):
        load_model(path)
    assert load_model(path, trust=True).layers  # type: ignore[attr-defined]
    own_class = Subclassed()
    own_class(MIXED["numbers"], MIXED["numbers"])
    own_class.save(path)
    with pytest.raises(UntrustedTypesError, match="Subclassed"):
        load_model(path)


def test_a_damaged_file_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"nonsense")
    with pytest.raises(ModelUnpickleError, match="cannot be loaded"):
        load_model(tmp_path / "model.keras")
