"""FastAPI by hand: what a careful engineer writes in an afternoon. The graph's path is in ``BENCHMARK_GRAPH``."""

import os
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.model import session

app = FastAPI()
graph = session(Path(os.environ["BENCHMARK_GRAPH"]))
(tensor,) = graph.get_inputs()
dtype = np.float64 if tensor.type == "tensor(double)" else np.float32


class Request(BaseModel):
    """Rows of 30 numbers."""

    rows: list[list[float]]


class Answer(BaseModel):
    """A label and the probabilities of the classes for each row."""

    labels: list[int]
    probabilities: list[list[float]]


@app.post("/predict")
def predict(request: Request) -> Answer:
    """Answer in a thread, as FastAPI's documentation has it for calls that block."""
    return answer(request)


@app.post("/predict-inline")
async def predict_inline(request: Request) -> Answer:
    """Answer in the event loop: a call of this model takes less than handing it to a thread does."""
    return answer(request)


def answer(request: Request) -> Answer:
    """Ask the session."""
    labels, probabilities = graph.run(None, {tensor.name: np.array(request.rows, dtype)})
    return Answer(labels=labels.tolist(), probabilities=probabilities.tolist())
