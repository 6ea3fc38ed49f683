"""A model that takes the same while for every request: it goes round as often as its bundle says."""

import time
from functools import cache
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.session import Session, open_session
from tests.runtime.drafting import draft, graph, one_number


def laps(rounds: int, name: str = "laps", version: str = "1.0.0") -> Draft:
    """The same number that is asked, after so many ``rounds``."""
    signature = one_number("number", "same")
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Mul", ["v", "one"], ["w"])],
        "round",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.DOUBLE, ["N", 1]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.DOUBLE, ["N", 1]),
        ],
    )
    nodes = [helper.make_node("Loop", ["count", "yes", "X"], ["same"], body=body)]
    constants = {"count": np.array(rounds), "yes": np.array(True), "one": np.array(1.0)}
    model = graph(nodes, signature, constants)
    return draft(name, signature, model, {"number": np.array([1.0, 3.0])}, version=version)


def write_laps(folder: Path, rounds: int, version: str) -> Path:
    """A bundle of it in ``folder``; its path."""
    path = folder / f"laps-{version}.lading"
    write_bundle(laps(rounds, version=version), path)
    return path


@cache
def rounds_for(seconds: float) -> int:
    """Rounds that take about so many seconds of one processor here and now."""
    tried = 20_000
    session = open_session(laps(tried).model)
    taken = min(_seconds(session) for _ in range(5))
    return max(1, round(tried * seconds / taken))


def _seconds(session: Session) -> float:
    begun = time.perf_counter()
    session.run(["same"], {"X": np.array([[1.0]])})
    return time.perf_counter() - begun
