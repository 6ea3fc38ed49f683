"""JAX: functions with parameters, and modules of flax and equinox, answer in a bundle as they do themselves."""

import re
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lading.bundles.bundle import Bundle
from lading.converters.jax import JaxFunction
from tests.frameworks.conftest import answers, columns_of
from tests.frameworks.coverage import became, case
from tests.frameworks.jax_models import (
    MATRIX,
    MIXED,
    NARROW,
    PARAMS,
    WEIGHTS,
    Linen,
    Network,
    mixed,
    perceptron,
    refused,
)

pytestmark = pytest.mark.frameworks
Pack = Callable[..., Bundle]


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


def test_modules_of_equinox_are_mapped_over_the_rows(pack: Pack) -> None:
    model = perceptron()
    found = answers(pack(model, MATRIX), columns_of(MATRIX))["output"]
    expected = jax.vmap(eqx.nn.inference_mode(model))(NARROW)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_jitted_functions_and_arrays_of_jax_are_taken(pack: Pack) -> None:
    function = jax.jit(lambda x: (x @ WEIGHTS, x.sum(axis=1)))
    bundle = pack(function, jnp.asarray(MATRIX))
    found = answers(bundle, columns_of(MATRIX))
    assert set(found) == {"output_0", "output_1"}
    np.testing.assert_allclose(found["output_0"], NARROW @ np.asarray(WEIGHTS), rtol=1e-4, atol=1e-5)


REFUSED = {
    "a branch on values": r"looks at the values of its inputs.*jax\.lax\.cond",
    "no row for each row": "does not have a row for each row",
    "another number of columns": "fails on rows like those of the data",
    "other inputs than the data has": "takes x, z, the data has x, y",
    "a callback": "is not followed by jax2onnx",
    "text among the answers": "answers a str, which is no tensor",
    "complex numbers": "answers complex numbers",
    "calls taken whole": "is taken by rows only",
    "random numbers": "is not followed by jax2onnx",
    "pooling whose arguments are not named": "name all arguments but the first",
    "bfloat16": "holds values of type bfloat16; cast it",
    "a module without its variables": r"JaxFunction\(module\.apply, variables\)",
}


def test_every_refusal_is_told_with_a_way_out() -> None:
    assert {one.what for one in refused()} == set(REFUSED)


@pytest.mark.parametrize(("what", "told"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_followed_is_refused_with_a_way_out(what: str, told: str) -> None:
    found = became(case("jax", what))
    assert found.precision is None
    assert re.search(told, found.reason)
    assert ";" in found.reason


def test_functions_of_jax_take_afterwards_what_they_took_before(pack: Pack) -> None:
    pack(JaxFunction(lambda x: jnp.cumsum(x, 1)), MATRIX)
    np.testing.assert_allclose(jnp.cumsum(NARROW, 1), np.cumsum(NARROW, 1), rtol=1e-5)
