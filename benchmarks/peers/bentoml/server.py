"""BentoML: a service with workers, each of which answers in its event loop."""

from typing import Any

import bentoml
import numpy as np

from benchmarks.terms import PROCESSES, Graph


@bentoml.service(workers=PROCESSES, logging={"access": {"enabled": False}}, metrics={"enabled": False})
class Predictor:
    """One worker."""

    def __init__(self) -> None:
        self.graph = Graph()

    @bentoml.api
    async def predict(self, numbers: np.ndarray, texts: list[list[str]] | None = None) -> dict[str, Any]:
        """A label and the probabilities of the classes for each row."""
        return self.graph.answer(numbers, texts)
