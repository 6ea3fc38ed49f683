"""FastAPI by hand: what a careful engineer writes in an afternoon."""

from fastapi import FastAPI

from benchmarks.rows import Answer, Rows
from benchmarks.terms import Graph

app = FastAPI()
graph = Graph()


@app.post("/predict")
def predict(rows: Rows) -> Answer:
    """Answer in a thread, as FastAPI's documentation has it for calls that block."""
    return answer(rows)


@app.post("/predict-inline")
async def predict_inline(rows: Rows) -> Answer:
    """Answer in the event loop: a call of a small model takes less than handing it to a thread does."""
    return answer(rows)


def answer(rows: Rows) -> Answer:
    """Ask the session."""
    labels, probabilities = graph.run(rows.numbers, rows.texts)
    return Answer(labels=labels.tolist(), probabilities=probabilities.tolist())
