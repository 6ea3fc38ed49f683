"""The contenders: how each server is started and asked."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import forms
from benchmarks.environments import PEERS, ROOT, programs, requirements
from benchmarks.forms import Form
from benchmarks.subjects import Subject
from benchmarks.terms import GRAPH, MODEL, PORT, PROCESSES

LADING = "Lading, V2 JSON"
NAMED = "Lading, fields by name"
BEFORE = "before: "
"""How the titles of an earlier program begin."""

V2_PATH = f"/v2/models/{MODEL}/infer"


@dataclass(frozen=True)
class Question:
    """One way to ask a server."""

    title: str
    path: str
    form: Form


@dataclass(frozen=True)
class Contender:
    """A server. It runs at the repository's root and finds the graph and its port in the environment."""

    questions: tuple[Question, ...]
    command: Callable[[Subject, int], list[str]]
    """By subject and port."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """More of the environment."""
    peer: str | None = None
    """The environment in which it runs, where it is not ours."""
    prepare: Callable[[Subject], list[str]] | None = None
    """What runs before the server, and does not count."""

    def folder(self) -> Path:
        """Where its programs are. Raises ``PeerNotInstalledError``."""
        return Path(sys.executable).parent if self.peer is None else programs(self.peer)

    def environment(self, subject: Subject, port: int) -> dict[str, str]:
        """What its processes find in the environment, besides what ours do."""
        terms = {GRAPH: str(subject.path), PORT: str(port), "PYTHONPATH": str(ROOT)}
        return {**terms, **self.settings, "PATH": f"{self.folder()}{os.pathsep}{os.environ['PATH']}"}

    def release(self) -> str | None:
        """The peer and its version; None for what runs beside us."""
        return None if self.peer is None else requirements(self.peer)[0].replace("==", " ")


def contenders(before: Path | None = None) -> dict[str, Contender]:
    """All servers by name, in the order in which each round runs them; with ``before`` only it and this program."""
    ours = str(Path(sys.executable).with_name("lading"))
    if before is not None:
        return {"before": lading(str(before), BEFORE), "lading": lading(ours)}
    return {
        "lading": lading(ours),
        "mosec": _mosec("mosec", "server.py", forms.MATRICES),
        "mosec-batches": _mosec("mosec, batches", "server_batches.py", forms.MATRICES),
        "mosec-msgpack": _mosec("mosec, batches, MessagePack", "server_msgpack.py", forms.MSGPACK),
        "fastapi": _fastapi(),
        "mlserver": _mlserver(),
        "kserve": _kserve(),
        "litserve": _litserve(),
        "bentoml": _bentoml(),
        "mlflow": _mlflow(),
        "ray": _ray("Ray Serve, quickstart"),
        "ray-haproxy": _ray("Ray Serve, HAProxy", RAY_SERVE_ENABLE_HA_PROXY="1", RAY_SERVE_THROUGHPUT_OPTIMIZED="1"),
    }


def lading(program: str, title: str = "") -> Contender:
    """What ``program``, a ``lading``, serves."""
    return Contender(
        questions=(
            Question(title + LADING, V2_PATH, forms.LADING_V2),
            Question(title + NAMED, f"/models/{MODEL}/predict", forms.NAMED),
            Question(title + "Lading, V2 binary", V2_PATH, forms.LADING_V2_BINARY),
        ),
        command=lambda subject, port: [
            *("env", "--chdir=/", program, "serve", str(subject.bundle)),
            *("--port", str(port), "--replicas", str(PROCESSES)),
        ],
        # Another Lading would find this one's plugins where it finds this one's modules.
        settings={"PYTHONPATH": ""},
    )


def _fastapi() -> Contender:
    options = ("--workers", str(PROCESSES), "--no-access-log", "--loop", "uvloop", "--http", "httptools")
    return Contender(
        questions=(
            Question("FastAPI by hand, def", "/predict", forms.MATRICES),
            Question("FastAPI by hand, async def", "/predict-inline", forms.MATRICES),
        ),
        command=lambda subject, port: [
            *("python", "-m", "uvicorn", "benchmarks.fastapi_by_hand:app", *options, "--port", str(port))
        ],
    )


def _ray(title: str, **settings: str) -> Contender:
    return Contender(
        questions=(Question(title, "/predict", forms.MATRICES),),
        command=lambda subject, port: ["python", "-m", "benchmarks.ray_serve"],
        settings={"RAY_USAGE_STATS_ENABLED": "0", **settings},
    )


def _mosec(title: str, file: str, form: Form) -> Contender:
    options = ("--address", "127.0.0.1", "--log-level", "warning")
    return Contender(
        questions=(Question(title, "/inference", form),),
        command=lambda subject, port: ["python", _file("mosec", file), *options, "--port", str(port)],
        peer="mosec",
    )


def _litserve() -> Contender:
    return Contender(
        questions=(Question("LitServe", "/predict", forms.MATRICES),),
        command=lambda subject, port: ["python", _file("litserve", "server.py")],
        peer="litserve",
    )


def _mlserver() -> Contender:
    return Contender(
        questions=(Question("MLServer", V2_PATH, forms.V2),),
        command=lambda subject, port: [
            *("env", f"MLSERVER_HTTP_PORT={port}", "mlserver", "start", str(PEERS / "mlserver"))
        ],
        peer="mlserver",
    )


def _kserve() -> Contender:
    return Contender(
        questions=(
            Question("KServe's Python server", V2_PATH, forms.V2),
            Question("KServe's Python server, V2 binary", V2_PATH, forms.V2_BINARY),
        ),
        command=lambda subject, port: [
            *("python", _file("kserve", "server.py"), "--log_config_file", _file("kserve", "log.json"))
        ],
        peer="kserve",
    )


def _bentoml() -> Contender:
    return Contender(
        questions=(Question("BentoML", "/predict", forms.MATRICES),),
        command=lambda subject, port: [
            *("bentoml", "serve", "server:Predictor", "--working-dir", str(PEERS / "bentoml")),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        settings={"BENTOML_DO_NOT_TRACK": "True"},
        peer="bentoml",
    )


def _mlflow() -> Contender:
    def saved(subject: Subject) -> str:
        return str(subject.folder / "mlflow")

    return Contender(
        questions=(Question("MLflow's server", "/invocations", forms.MLFLOW),),
        command=lambda subject, port: [
            *("mlflow", "models", "serve", "--model-uri", saved(subject), "--env-manager", "local"),
            *("--workers", str(PROCESSES), "--host", "127.0.0.1", "--port", str(port)),
        ],
        settings={"UVICORN_ACCESS_LOG": "false"},
        peer="mlflow",
        prepare=lambda subject: ["python", _file("mlflow", "save.py"), saved(subject)],
    )


def _file(peer: str, name: str) -> str:
    return str(PEERS / peer / name)
