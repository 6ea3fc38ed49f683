"""The contenders: how each server is started, asked and understood."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.model import NAME, Subject

LADING = "lading serve"
NAMED = "lading serve, fields by name"
RAY = "Ray Serve quickstart"
FASTAPI = "FastAPI + uvicorn by hand"
INLINE = "FastAPI + uvicorn by hand, in the event loop"
BEFORE = "before: "
"""How the titles of an earlier program begin."""

REPLICAS = 2
"""Processes that answer, of every server."""


@dataclass(frozen=True)
class Question:
    """One way to ask a server about rows."""

    title: str
    path: str
    body: Callable[[int], object]
    """The JSON document for the first so many rows of the subject."""
    probabilities: Callable[[Any], Sequence[Sequence[float]]]
    """What an answer says, one list for each row."""


@dataclass(frozen=True)
class Contender:
    """A server."""

    command: Callable[[int], list[str]]
    """By port."""
    environment: dict[str, str]
    questions: tuple[Question, ...]


def contenders(subject: Subject, before: Path | None = None) -> list[Contender]:
    """All servers, in the order in which each round runs them; with the program ``before`` only it and this one."""
    program = Path(sys.executable).with_name("lading")
    if before is not None:
        return [_lading(subject, before, BEFORE), _lading(subject, program)]
    return [_lading(subject, program), _ray(subject), _fastapi(subject)]


def _lading(subject: Subject, program: Path, title: str = "") -> Contender:
    def tensor(count: int) -> object:
        data = subject.rows[:count].reshape(-1).tolist()
        return {
            "inputs": [
                {
                    "name": subject.input,
                    "shape": [count, len(subject.fields)],
                    "datatype": _datatype(subject),
                    "data": data,
                }
            ]
        }

    def named(count: int) -> object:
        return [dict(zip(subject.fields, row, strict=True)) for row in subject.rows[:count].tolist()]

    def of_tensor(answer: Any) -> list[list[float]]:
        (data,) = (output["data"] for output in answer["outputs"] if output["datatype"].startswith("FP"))
        return [data[start : start + 2] for start in range(0, len(data), 2)]

    def of_named(answer: Any) -> list[list[float]]:
        return [list(row["probabilities"].values()) for row in answer]

    return Contender(
        command=lambda port: [
            str(program),
            "serve",
            str(subject.bundle),
            "--port",
            str(port),
            "--replicas",
            str(REPLICAS),
        ],
        environment={},
        questions=(
            Question(title + LADING, f"/v2/models/{NAME}/infer", tensor, of_tensor),
            Question(title + NAMED, f"/models/{NAME}/predict", named, of_named),
        ),
    )


def _datatype(subject: Subject) -> str:
    return {"float32": "FP32", "float64": "FP64"}[subject.input_type]


def _rows(subject: Subject, title: str, path: str = "/predict") -> Question:
    return Question(
        title, path, lambda count: {"rows": subject.rows[:count].tolist()}, lambda answer: answer["probabilities"]
    )


def _ray(subject: Subject) -> Contender:
    return Contender(
        command=lambda port: [sys.executable, "-m", "benchmarks.ray_serve_quickstart", str(subject.graph), str(port)],
        environment={"RAY_USAGE_STATS_ENABLED": "0"},
        questions=(_rows(subject, RAY),),
    )


def _fastapi(subject: Subject) -> Contender:
    options = ["--workers", str(REPLICAS), "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    command = [sys.executable, "-m", "uvicorn", "benchmarks.fastapi_by_hand:app", *options]
    return Contender(
        command=lambda port: [*command, "--port", str(port)],
        environment={"BENCHMARK_GRAPH": str(subject.graph)},
        questions=(_rows(subject, FASTAPI), _rows(subject, INLINE, "/predict-inline")),
    )


def request(question: Question, count: int, port: int) -> bytes:
    """The bytes of the request on the wire."""
    body = json.dumps(question.body(count)).encode()
    head = (
        f"POST {question.path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
