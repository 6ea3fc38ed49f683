"""JAX: functions with parameters, and modules of flax and equinox, answer in a bundle as they do themselves."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from lading.bundles.bundle import Bundle
from lading.converters import UnconvertibleError
from lading.converters.jax import JaxFunction
from tests.frameworks.conftest import answers, columns_of

pytestmark = pytest.mark.frameworks
Pack = Callable[..., Bundle]
RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(80, 4))
NARROW = MATRIX.astype(np.float32)
MIXED: dict[str, np.ndarray] = {
    "numbers": RANDOM.normal(size=(40, 3)).astype(np.float32),
    "shop": RANDOM.integers(0, 10, 40),
}
PARAMS = {"embed": jnp.asarray(RANDOM.normal(size=(10, 4)), jnp.float32), "w": jnp.ones((7, 1), jnp.float32)}


def mixed(params: Any, shop: Any, numbers: Any) -> dict[str, Any]:
    known = params["embed"][shop]
    return {"price": jnp.concatenate([known, numbers], 1) @ params["w"], "place": jnp.tanh(known)}


class Network(nnx.Module):
    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.first, self.last = nnx.Linear(4, 16, rngs=rngs), nnx.Linear(16, 3, rngs=rngs)
        self.norm, self.drop = nnx.BatchNorm(16, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.last(self.drop(jax.nn.relu(self.norm(self.first(x)))))


class Linen(linen.Module):
    @linen.compact
    def __call__(self, x: Any) -> Any:
        return linen.Dense(3)(jnp.tanh(linen.Dense(8)(x)))


@pytest.mark.parametrize("rows", [1, 7])
def test_functions_answer_with_their_parameters(pack: Pack, rows: int) -> None:
    found = answers(pack(JaxFunction(mixed, PARAMS), MIXED), {name: array[:rows] for name, array in MIXED.items()})
    expected = mixed(PARAMS, MIXED["shop"][:rows], MIXED["numbers"][:rows])
    assert set(found) == {"price", "place"}
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5)


def test_modules_of_flax_are_taken_as_they_predict_and_left_as_they_are(pack: Pack) -> None:
    model = Network()
    model.train()
    bundle = pack(model, MATRIX, classes=["low", "mid", "high"], scores="logits")
    assert model.drop.deterministic is False
    model.eval()
    expected = jax.nn.softmax(model(NARROW), axis=1)
    np.testing.assert_allclose(answers(bundle, columns_of(MATRIX))["probabilities"], expected, rtol=1e-4, atol=1e-5)


def test_modules_of_linen_come_with_their_variables(pack: Pack) -> None:
    module = Linen()
    variables = module.init(jax.random.key(0), NARROW[:2])
    found = answers(pack(JaxFunction(module.apply, variables), MATRIX), columns_of(MATRIX))["output"]
    np.testing.assert_allclose(found, module.apply(variables, NARROW), rtol=1e-4, atol=1e-5)
    with pytest.raises(UnconvertibleError, match=r"JaxFunction\(module\.apply, variables\)"):
        pack(module, MATRIX)


def test_modules_of_equinox_are_mapped_over_the_rows(pack: Pack) -> None:
    model = eqx.nn.Sequential([eqx.nn.MLP(4, 3, 8, 2, key=jax.random.key(0)), eqx.nn.Dropout(0.5)])
    found = answers(pack(model, MATRIX), columns_of(MATRIX))["output"]
    expected = jax.vmap(eqx.nn.inference_mode(model))(NARROW)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_jitted_functions_and_arrays_of_jax_are_taken(pack: Pack) -> None:
    weights = jnp.asarray(RANDOM.normal(size=(4, 2)), jnp.float32)
    function = jax.jit(lambda x: (x @ weights, x.sum(axis=1)))
    bundle = pack(function, jnp.asarray(MATRIX))
    found = answers(bundle, columns_of(MATRIX))
    assert set(found) == {"output_0", "output_1"}
    np.testing.assert_allclose(found["output_0"], NARROW @ np.asarray(weights), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "data", "told"),
    [
        (lambda x: x * 2 if x.sum() > 0 else x, MATRIX, r"looks at the values of its inputs.*jax\.lax\.cond"),
        (lambda x: jnp.asarray(0.5).sum(), MATRIX, "does not have a row for each row"),
        (lambda x: x @ jnp.ones((5, 2)), MATRIX, "fails on rows like those of the data"),
        (lambda x, z: x + z, {"x": NARROW, "y": NARROW}, "takes x, z, the data has x, y"),
        (lambda x: jax.pure_callback(np.sin, x, x), MATRIX, "is not followed by jax2onnx"),
        (lambda x: (x, "text"), MATRIX, "answers a str, which is no tensor"),
        (lambda x: x, [{"x": NARROW}], "is taken by rows only"),
    ],
)
def test_what_cannot_be_followed_is_refused(pack: Pack, function: Any, data: Any, told: str) -> None:
    with pytest.raises(UnconvertibleError, match=told):
        pack(JaxFunction(function), data)
