"""mosec, which puts requests that wait together into one call, asked in JSON."""

from itertools import accumulate
from typing import Any

from mosec import Server, Worker

from benchmarks.terms import BATCH, BATCH_MILLISECONDS, PROCESSES, Graph


class Inference(Worker):
    """One worker."""

    def __init__(self) -> None:
        self.graph = Graph()

    def forward(self, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Labels and the probabilities of the classes for the rows of each request."""
        numbers = [row for asked in data for row in asked["numbers"]]
        texts = [row for asked in data for row in asked.get("texts", [])]
        answer = self.graph.answer(numbers, texts)
        ends = list(accumulate(len(asked["numbers"]) for asked in data))
        spans = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        return [{name: values[span] for name, values in answer.items()} for span in spans]


if __name__ == "__main__":
    server = Server()
    server.append_worker(Inference, num=PROCESSES, max_batch_size=BATCH, max_wait_time=BATCH_MILLISECONDS)
    server.run()
