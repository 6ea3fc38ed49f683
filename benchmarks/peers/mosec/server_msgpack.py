"""mosec with batches, asked in MessagePack: numbers are the bytes of an array."""

from itertools import accumulate
from typing import Any

import numpy as np
from mosec import Server, Worker
from mosec.mixin import MsgpackMixin

from benchmarks.terms import BATCH, BATCH_MILLISECONDS, PROCESSES, Graph


class Inference(MsgpackMixin, Worker):
    """One worker."""

    def __init__(self) -> None:
        self.graph = Graph()

    def forward(self, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Labels and the probabilities of the classes for the rows of each request."""
        numbers = [np.frombuffer(asked["data"], asked["dtype"]).reshape(asked["shape"]) for asked in data]
        texts = [row for asked in data for row in asked.get("texts", [])]
        labels, probabilities = self.graph.run(np.concatenate(numbers), texts)
        ends = list(accumulate(map(len, numbers)))
        spans = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        dtype = str(probabilities.dtype)
        return [
            {"labels": labels[span].tolist(), "data": probabilities[span].tobytes(), "dtype": dtype} for span in spans
        ]


if __name__ == "__main__":
    server = Server()
    server.append_worker(Inference, num=PROCESSES, max_batch_size=BATCH, max_wait_time=BATCH_MILLISECONDS)
    server.run()
