"""ONNX Runtime alone: one process, one thread, no HTTP and no JSON.

``python -m benchmarks.bare_session FEEDS`` reads lines ``ROWS SECONDS`` from standard input and answers each with a
line of JSON, as ``benchmarks.load`` does. FEEDS is a file of arrays by input, with more rows than are asked about.
"""

import json
import sys
import time

import numpy as np

from benchmarks.load import summary
from benchmarks.terms import Graph


def main() -> None:
    """Measure until standard input ends."""
    graph = Graph().session
    with np.load(sys.argv[1]) as arrays:
        inputs = {name: arrays[name] for name in arrays}
    feeds = {name: array.astype(object) if array.dtype.kind == "U" else array for name, array in inputs.items()}
    graph.run(None, feeds)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        rows, seconds = line.split()
        asked = {name: np.ascontiguousarray(array[: int(rows)]) for name, array in feeds.items()}
        took: list[int] = []
        started = last = time.perf_counter_ns()
        while last - started < float(seconds) * 1e9:
            graph.run(None, asked)
            now = time.perf_counter_ns()
            took.append(now - last)
            last = now
        print(json.dumps(summary(took, (last - started) / 1e9)), flush=True)


if __name__ == "__main__":
    main()
