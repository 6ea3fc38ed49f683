"""Keras 3: models answer in a bundle as they predict, on PyTorch's backend and on another."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import pytest
from keras import layers

from lading.bundles.bundle import Bundle, open_bundle
from lading.converters import UnconvertibleError
from lading.converters.loading import ModelUnpickleError, UntrustedTypesError, load_model
from tests.frameworks.conftest import answers, columns_of

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras over PyTorch
]
Pack = Callable[..., Bundle]
RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(3, 2, size=(120, 4))
IMAGES = RANDOM.normal(size=(12, 16, 16, 3)).astype(np.float32)
SERIES = RANDOM.normal(size=(30, 6, 2)).astype(np.float32)
MIXED: dict[str, np.ndarray] = {
    "numbers": RANDOM.normal(size=(40, 3)).astype(np.float32),
    "shop": RANDOM.integers(0, 10, (40, 1)),
}


def dense() -> Any:
    keras.utils.set_random_seed(0)
    normal = layers.Normalization()
    normal.adapt(MATRIX.astype(np.float32))
    return keras.Sequential(
        [keras.Input((4,)), normal, layers.Dense(16, "gelu"), layers.BatchNormalization(), layers.Dropout(0.5),
         layers.Dense(3)]
    )  # fmt: skip


def image() -> Any:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Rescaling(1 / 255), layers.Conv2D(8, 3, activation="relu"),
         layers.MaxPooling2D(), layers.GlobalAveragePooling2D(), layers.Dense(5, "softmax")]
    )  # fmt: skip


def recurrent() -> Any:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6, 2)), layers.LSTM(8), layers.Dense(1)])


def mixed(structure: str = "list") -> Any:
    keras.utils.set_random_seed(0)
    numbers, shop = keras.Input((3,), name="numbers"), keras.Input((1,), dtype="int32", name="shop")
    known = layers.Flatten()(layers.Embedding(10, 4)(shop))
    joined = layers.Concatenate()([numbers, known])
    kind, price = layers.Dense(2, name="kind")(joined), layers.Dense(1, name="price")(joined)
    if structure == "list":
        return keras.Model([numbers, shop], [kind, price])
    return keras.Model({"numbers": numbers, "shop": shop}, {"kind": kind, "price": price})


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    """A model of two arguments."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.first, self.second = layers.Dense(4), layers.Dense(2)

    def call(self, left: Any, right: Any, training: bool = False) -> Any:
        return self.second(keras.ops.concatenate([self.first(left), right], axis=1))


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
    keras.utils.set_random_seed(0)
    rows = {"right": MIXED["numbers"], "left": SERIES[:, 0][np.zeros(40, dtype=int)]}
    model = Subclassed()
    expected = keras.ops.convert_to_numpy(model(rows["left"], rows["right"]))
    np.testing.assert_allclose(answers(pack(model, rows), rows)["output"], expected, rtol=1e-4, atol=1e-6)


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


def test_lambdas_are_refused_by_name(pack: Pack) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x * 2, name="twice"), layers.Dense(2)])
    with pytest.raises(UnconvertibleError, match=r'step "twice" is a Python function.*keras\.ops'):
        pack(model, MATRIX)


@pytest.mark.parametrize(
    ("make", "data", "told"),
    [
        (lambda: keras.Sequential([layers.Dense(3)]), MATRIX, "has no weights yet; call it once"),
        (dense, MATRIX[:, :3], "fails on rows like those of the data"),
        (
            mixed,
            {"numbers": MIXED["numbers"], "shops": MIXED["shop"]},
            "takes numbers, shop, the data has numbers, shops",
        ),
    ],
)
def test_what_does_not_fit_is_refused(pack: Pack, make: Callable[[], Any], data: Any, told: str) -> None:
    with pytest.raises(UnconvertibleError, match=told):
        pack(make(), data)


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
