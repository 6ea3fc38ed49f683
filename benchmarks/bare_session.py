"""ONNX Runtime alone: one process, one thread, no HTTP and no JSON.

``python -m benchmarks.bare_session GRAPH`` reads lines ``ROWS SECONDS`` from standard input and answers each with a
line of JSON, as ``benchmarks.load`` does.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

from benchmarks.load import summary
from benchmarks.model import session


def main() -> None:
    """Measure until standard input ends."""
    graph = session(Path(sys.argv[1]))
    (tensor,) = graph.get_inputs()
    dtype = np.float64 if tensor.type == "tensor(double)" else np.float32
    data = load_breast_cancer().data[:32].astype(dtype)
    graph.run(None, {tensor.name: data})
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        rows, seconds = line.split()
        feeds = {tensor.name: np.ascontiguousarray(data[: int(rows)])}
        took: list[int] = []
        started = last = time.perf_counter_ns()
        while last - started < float(seconds) * 1e9:
            graph.run(None, feeds)
            now = time.perf_counter_ns()
            took.append(now - last)
            last = now
        print(json.dumps(summary(took, (last - started) / 1e9, 0)), flush=True)


if __name__ == "__main__":
    main()
