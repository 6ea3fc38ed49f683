"""mosec, asked in MessagePack: numbers are the bytes of an array."""

from typing import Any

import numpy as np
from mosec import Server, Worker
from mosec.mixin import MsgpackMixin

from benchmarks.terms import PROCESSES, Graph


class Inference(MsgpackMixin, Worker):
    """One worker."""

    def __init__(self) -> None:
        self.graph = Graph()

    def forward(self, data: dict[str, Any]) -> dict[str, Any]:
        """A label and the probabilities of the classes for each row."""
        numbers = np.frombuffer(data["data"], data["dtype"]).reshape(data["shape"])
        labels, probabilities = self.graph.run(numbers, data.get("texts"))
        return {"labels": labels.tolist(), "data": probabilities.tobytes(), "dtype": str(probabilities.dtype)}


if __name__ == "__main__":
    server = Server()
    server.append_worker(Inference, num=PROCESSES)
    server.run()
