"""mosec: its Rust front and Python workers, asked in JSON."""

from typing import Any

from mosec import Server, Worker

from benchmarks.terms import PROCESSES, Graph


class Inference(Worker):
    """One worker."""

    def __init__(self) -> None:
        self.graph = Graph()

    def forward(self, data: dict[str, Any]) -> dict[str, Any]:
        """A label and the probabilities of the classes for each row."""
        return self.graph.answer(data["numbers"], data.get("texts"))


if __name__ == "__main__":
    server = Server()
    server.append_worker(Inference, num=PROCESSES)
    server.run()
