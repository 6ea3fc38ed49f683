"""JAX's functions, and modules of flax and equinox, and those that cannot be graphs."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from flax import linen, nnx

from lading.converters.jax import JaxFunction
from tests.converters.verdicts import Case

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(80, 4))
NARROW = MATRIX.astype(np.float32)
IMAGES = RANDOM.normal(size=(12, 8, 8, 3)).astype(np.float32)
SERIES = RANDOM.normal(size=(30, 6, 4)).astype(np.float32)
MIXED: dict[str, np.ndarray] = {
    "numbers": RANDOM.normal(size=(40, 3)).astype(np.float32),
    "shop": RANDOM.integers(0, 10, 40),
}
PARAMS = {"embed": jnp.asarray(RANDOM.normal(size=(10, 4)), jnp.float32), "w": jnp.ones((7, 1), jnp.float32)}
WEIGHTS = jnp.asarray(RANDOM.normal(size=(4, 2)), jnp.float32)


def mixed(params: Any, shop: Any, numbers: Any) -> dict[str, Any]:
    known = params["embed"][shop]
    return {"price": jnp.concatenate([known, numbers], 1) @ params["w"], "place": jnp.tanh(known)}


def attention(params: Any, x: Any) -> Any:
    """Attention that looks back only, in einsums."""
    query, key, value = (x @ params[name] for name in ("query", "key", "value"))
    scores = jnp.einsum("bqd,bkd->bqk", query, key) / 2.0
    ahead = jnp.triu(jnp.ones((6, 6), bool), 1)
    return jnp.einsum("bqk,bkd->bqd", jax.nn.softmax(jnp.where(ahead, -1e9, scores)), value)[:, -1]


def looped(params: Any, x: Any) -> Any:
    """A recurrent network by lax.scan."""

    def step(state: Any, seen: Any) -> Any:
        state = jnp.tanh(seen @ params["in"] + state @ params["back"])
        return state, state

    state, _ = jax.lax.scan(step, jnp.zeros((x.shape[0], 4), jnp.float32), jnp.swapaxes(x, 0, 1))
    return state


class Network(nnx.Module):
    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.first, self.last = nnx.Linear(4, 16, rngs=rngs), nnx.Linear(16, 3, rngs=rngs)
        self.norm, self.drop = nnx.BatchNorm(16, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.last(self.drop(jax.nn.relu(self.norm(self.first(x)))))


class Picture(nnx.Module):
    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.first = nnx.Conv(3, 4, (3, 3), rngs=rngs)
        self.norm, self.last = nnx.LayerNorm(4, rngs=rngs), nnx.Linear(4, 5, rngs=rngs)

    def __call__(self, pixels: Any) -> Any:
        seen = jax.nn.gelu(self.norm(self.first(pixels)))
        return self.last(nnx.avg_pool(seen, window_shape=(2, 2), strides=(2, 2)).mean((1, 2)))


class Attending(nnx.Module):
    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.attend = nnx.MultiHeadAttention(2, 4, decode=False, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.attend(x).mean(1)


class Linen(linen.Module):
    @linen.compact
    def __call__(self, x: Any) -> Any:
        return linen.Dense(3)(jnp.tanh(linen.Dense(8)(x)))


class Normed(linen.Module):
    @linen.compact
    def __call__(self, x: Any) -> Any:
        x = linen.BatchNorm(use_running_average=True)(linen.Conv(4, (3, 3))(x))
        return linen.Dense(2)(
            linen.max_pool(linen.silu(x), window_shape=(2, 2), strides=(2, 2)).reshape((x.shape[0], -1))
        )


class Row(eqx.Module):
    """A module of equinox, written for one row."""

    cut: eqx.nn.Conv1d
    norm: eqx.nn.LayerNorm

    def __init__(self) -> None:
        self.cut, self.norm = eqx.nn.Conv1d(6, 4, 2, key=jax.random.key(0)), eqx.nn.LayerNorm((4, 3))

    def __call__(self, x: Any) -> Any:
        return jax.nn.leaky_relu(self.norm(self.cut(x)))


def perceptron() -> Any:
    return eqx.nn.Sequential([eqx.nn.MLP(4, 3, 8, 2, key=jax.random.key(0)), eqx.nn.Dropout(0.5)])


def initialised(module: Any, rows: Any) -> JaxFunction:
    """A module of linen with its variables."""
    return JaxFunction(module.apply, module.init(jax.random.key(0), rows[:2]))


def weights(*names: str) -> dict[str, Any]:
    """Square matrices."""
    drawn = np.random.default_rng(0)
    return {name: jnp.asarray(drawn.normal(size=(4, 4)) / 2, jnp.float32) for name in names}


def cases() -> Iterator[Case]:
    """Every case, each made when it is asked for."""
    yield from _functions()
    yield from _modules()
    yield from refused()


def _case(api: str, what: str, make: Callable[[], Any], rows: Any, **asked: Any) -> Case:
    return Case(api, what, lambda: (make(), rows), asked)


def _functions() -> Iterator[Case]:
    case = partial(_case, "JaxFunction")
    yield case("embedding and numbers, several inputs and outputs", lambda: JaxFunction(mixed, PARAMS), MIXED)
    yield case("attention, causal, einsum", lambda: JaxFunction(attention, weights("query", "key", "value")), SERIES)
    yield case("recurrent, lax.scan", lambda: JaxFunction(looped, weights("in", "back")), SERIES)
    logits = {"classes": ["no", "yes"], "scores": "logits"}
    yield case("classes by logits", lambda: JaxFunction(lambda params, x: x @ params, WEIGHTS), MATRIX, **logits)
    yield _case("jit", "a tuple of answers", lambda: jax.jit(lambda x: (x @ WEIGHTS, x.sum(axis=1))), MATRIX)
    yield _case("jit", "where, logsumexp, cumsum, sort", lambda: jax.jit(lambda x: (jnp.where(x > 0, x, 0.1 * x), jax.nn.logsumexp(x, 1), jnp.cumsum(x, 1), jnp.sort(x, 1))), MATRIX)  # fmt: skip


def _modules() -> Iterator[Case]:
    yield _case("flax.linen", "Dense, tanh", lambda: initialised(Linen(), NARROW), MATRIX)
    yield _case("flax.linen", "Conv, BatchNorm, pooling", lambda: initialised(Normed(), IMAGES), IMAGES)
    yield _case("flax.nnx", "Linear, BatchNorm, dropout", Network, MATRIX)
    yield _case("flax.nnx", "Conv, LayerNorm, GELU, pooling", Picture, IMAGES)
    yield _case("flax.nnx", "MultiHeadAttention", Attending, SERIES)
    yield _case("equinox", "MLP, dropout", perceptron, MATRIX)
    yield _case("equinox", "Conv1d, LayerNorm", Row, SERIES)


def refused() -> Iterator[Case]:
    """Those that no graph can be made of, or none that answers alike."""
    functions: list[tuple[str, Callable[..., Any], Any]] = [
        ("a branch on values", lambda x: x * 2 if x.sum() > 0 else x, MATRIX),
        ("no row for each row", lambda x: jnp.asarray(0.5).sum(), MATRIX),
        ("another number of columns", lambda x: x @ jnp.ones((5, 2)), MATRIX),
        ("other inputs than the data has", lambda x, z: x + z, {"x": NARROW, "y": NARROW}),
        ("a callback", lambda x: jax.pure_callback(np.sin, x, x), MATRIX),
        ("text among the answers", lambda x: (x, "text"), MATRIX),
        ("complex numbers", lambda x: jnp.fft.fft(x), MATRIX),
        ("calls taken whole", lambda x: x, [{"x": NARROW}]),
        ("random numbers", lambda x: x + jax.random.normal(jax.random.key(0), x.shape), MATRIX),
        ("pooling whose arguments are not named", lambda x: linen.max_pool(x, (2, 2), (2, 2)), IMAGES),
        ("bfloat16", lambda x: x.astype(jnp.bfloat16) * 2, MATRIX),
    ]
    for what, function, rows in functions:
        yield Case("JaxFunction", what, lambda function=function, rows=rows: (JaxFunction(function), rows))  # type: ignore[misc]
    yield _case("flax.linen", "a module without its variables", Linen, MATRIX)
