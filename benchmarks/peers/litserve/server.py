"""LitServe: processes that read HTTP, and as many that compute, with ZeroMQ between them."""

from typing import Any

import litserve

from benchmarks.terms import PROCESSES, Graph, port


class Predictor(litserve.LitAPI):
    """One process that computes."""

    def setup(self, device: str) -> None:
        """Read the graph."""
        self.graph = Graph()

    def predict(self, request: dict[str, Any]) -> dict[str, Any]:
        """A label and the probabilities of the classes for each row."""
        return self.graph.answer(request["numbers"], request.get("texts"))


if __name__ == "__main__":
    server = litserve.LitServer(Predictor(), accelerator="cpu", workers_per_device=PROCESSES, fast_queue=True)
    server.run(host="127.0.0.1", port=port(), generate_client_file=False, log_level="warning")
