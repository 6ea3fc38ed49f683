"""Asking: a function or a module of JAX called by the names of its inputs, whose answers have names too."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from lading.converters.converter import Problem
from lading.converters.jax.converter import EQUINOX, NNX
from lading.converters.jax.function import JaxFunction
from lading.converters.networks.frameworks import derives
from lading.converters.networks.naming import NoTensorError, named

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Asked:
    """A model that takes its inputs in order and answers a tuple of arrays."""

    def __init__(self, model: Any, names: Sequence[str]) -> None:
        function = _inferring(model)
        self._function, self._order = function, _order(function, names)
        self.names: tuple[str, ...] = ()
        """What the arrays of the last answer are called."""

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The arrays of the model's answer, one after the other."""
        answers = dict(named(self._function(*(arrays[place] for place in self._order)), jax.Array))
        self.names = tuple(answers)
        return tuple(answers.values())

    def ask(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The answers by name to the inputs, which come in the order of their names."""
        answers = self(*(jax.numpy.asarray(array) for array in arrays.values()))
        return {name: np.asarray(answer) for name, answer in zip(self.names, answers, strict=True)}


def _inferring(model: Any) -> Callable[..., Any]:
    """The model as it predicts, without dropout; ``model`` itself stays as it is."""
    if isinstance(model, JaxFunction):
        apply, params = model.apply, model.params
        return apply if params is None else _Bound(apply, params)
    if derives(model, NNX):
        from flax import nnx

        copy = nnx.clone(model)
        copy.eval()
        return copy
    if derives(model, *EQUINOX):
        import equinox

        return _Mapped(equinox.nn.inference_mode(model))
    return model


class _Bound:
    """A function with its parameters."""

    def __init__(self, apply: Callable[..., Any], params: Any) -> None:
        self._apply, self._params = apply, params
        signature = inspect.signature(apply)
        self.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(self, *arrays: Any) -> Any:
        return self._apply(self._params, *arrays)


class _Mapped:
    """A module of equinox, which is written for one row, over all of them."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self.__signature__ = inspect.signature(module)

    def __call__(self, *arrays: Any) -> Any:
        return jax.vmap(self._module)(*arrays)


def _order(function: Callable[..., Any], names: Sequence[str]) -> list[int]:
    """The places among ``names`` of the function's arguments."""
    parameters = [one for one in inspect.signature(function).parameters.values() if one.kind in POSITIONAL]
    wanted = [one.name for one in parameters if one.default is inspect.Parameter.empty or one.name in names]
    if len(names) == 1 and len(wanted) <= 1:
        return [0]
    if set(wanted) == set(names):
        return [list(names).index(name) for name in wanted]
    raise NoTensorError(
        Problem(
            "", f"takes {', '.join(wanted) or 'nothing that has a name'}, the data has {', '.join(names)}",
            "give a mapping from the names of its arguments to arrays",
        )
    )  # fmt: skip
