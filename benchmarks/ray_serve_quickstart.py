"""Ray Serve as its quickstart shows it: a FastAPI ingress deployment behind its own proxy.

``python -m benchmarks.ray_serve_quickstart GRAPH PORT``
"""

import signal
import sys
from pathlib import Path

import numpy as np
import ray
from fastapi import FastAPI
from pydantic import BaseModel
from ray import serve

from benchmarks.model import session

app = FastAPI()


class Request(BaseModel):
    """Rows of 30 numbers."""

    rows: list[list[float]]


@serve.deployment(num_replicas=2)
@serve.ingress(app)
class Predictor:
    """One replica."""

    def __init__(self, graph: str) -> None:
        self.graph = session(Path(graph))
        (self.tensor,) = self.graph.get_inputs()
        self.dtype = np.float64 if self.tensor.type == "tensor(double)" else np.float32

    @app.post("/predict")
    async def predict(self, request: Request) -> dict[str, object]:
        """A label and the probabilities of the classes for each row."""
        labels, probabilities = self.graph.run(None, {self.tensor.name: np.array(request.rows, self.dtype)})
        return {"labels": labels.tolist(), "probabilities": probabilities.tolist()}


def main() -> None:
    """Serve until SIGTERM."""
    ray.init(include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[2])})
    serve.run(Predictor.bind(sys.argv[1]))  # type: ignore[attr-defined]  # the decorator makes a Deployment of it
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()  # type: ignore[no-untyped-call]
    ray.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
