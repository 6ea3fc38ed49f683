"""The function: a pure function of JAX with the parameters that were trained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class JaxFunction:
    """``apply(params, *inputs)``, whose inputs and answers have a row each in their first dimension.

    Of a module of flax's linen: ``JaxFunction(module.apply, variables)``.
    """

    apply: Callable[..., Any]
    params: Any = None
    """The first argument of ``apply``; it has none where this is None."""
