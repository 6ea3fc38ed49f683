"""Ray Serve as its quickstart shows it: a FastAPI ingress deployment behind Serve's own proxy.

With ``RAY_SERVE_ENABLE_HA_PROXY`` in the environment Serve puts HAProxy in front instead.
"""

import signal

import ray
from fastapi import FastAPI
from ray import serve

from benchmarks.rows import Rows
from benchmarks.terms import PROCESSES, Graph, port

app = FastAPI()


@serve.deployment(num_replicas=PROCESSES)
@serve.ingress(app)
class Predictor:
    """One replica."""

    def __init__(self) -> None:
        self.graph = Graph()

    @app.post("/predict")
    async def predict(self, rows: Rows) -> dict[str, list[object]]:
        """A label and the probabilities of the classes for each row."""
        return self.graph.answer(rows.numbers, rows.texts)


def main() -> None:
    """Serve until SIGTERM."""
    ray.init(include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": port()})
    serve.run(Predictor.bind())  # type: ignore[attr-defined]  # the decorator makes a Deployment of it
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()  # type: ignore[no-untyped-call]
    ray.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
