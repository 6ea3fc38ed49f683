"""Fitting: which of the inputs that the data allows a network takes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np

from lading.converters.converter import Problem
from lading.converters.networks.inputs import Inputs
from lading.converters.networks.naming import NoTensorError

ROWS = 2
SHOWN = 300


class Asked(Protocol):
    """A network that is called by the names of its inputs."""

    def ask(self, feeds: Mapping[str, np.ndarray], /) -> object:
        """What it answers."""


Model = TypeVar("Model", bound=Asked)


def fitting(possible: Iterable[Inputs], asked: Callable[[Sequence[str]], Model], remedy: str) -> tuple[Model, Inputs]:
    """The first of the ``possible`` inputs that a network takes, and the network as it is ``asked`` by their names.

    Raises ``NoTensorError``; where none is taken, with what each was refused for and the ``remedy``.
    """
    refusals: list[Exception] = []
    for inputs in possible:
        model = asked(inputs.names)
        try:
            model.ask(inputs.example(ROWS))
        except NoTensorError:
            raise
        except Exception as error:  # whatever the user's network raises is a fact about that network
            refusals.append(error)
        else:
            return model, inputs
    told = dict.fromkeys(f"{type(one).__name__}: {' '.join(str(one).split())[:SHOWN]}" for one in refusals)
    found = f"fails on rows like those of the data ({'; with whole numbers as real ones: '.join(told)})"
    raise NoTensorError(Problem("", found, remedy)) from refusals[0]
