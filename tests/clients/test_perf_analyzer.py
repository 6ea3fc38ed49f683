"""Triton's load generator: it finds out what to send by itself, and reads the server's own times from its statistics."""

import csv
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.clients.conftest import environment
from tests.clients.models import Served

pytestmark = pytest.mark.clients

# One window of so many requests, however steady they are.
SHORT = ("--measurement-mode", "count_windows", "--measurement-request-count", "50", "--measurement-interval", "500")
ONCE = ("--stability-percentage", "999", "--max-trials", "3", "--concurrency-range", "2")


def measured(tmp_path: Path, target: str, *options: str) -> dict[str, float]:
    """The row of figures that the program writes."""
    home, figures = environment("perf-analyzer"), tmp_path / "figures.csv"
    (library,) = home.glob("lib/*/site-packages/nvidia/cuda_runtime/lib")
    command = [str(home / "bin" / "perf_analyzer"), "-u", target, *SHORT, *ONCE, "-f", str(figures), *options]
    variables = {**os.environ, "LD_LIBRARY_PATH": str(library)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = csv.DictReader(figures.read_text().splitlines())
    return {name: float(value) for name, value in row.items()}


@pytest.fixture
def targets(address: str, grpc_address: str) -> Mapping[str, str]:
    """Host and port by protocol."""
    return {"http": address, "grpc": grpc_address}


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_it_drives_a_matrix_and_reads_the_server_s_own_times(
    tmp_path: Path, targets: Mapping[str, str], protocol: str
) -> None:
    found = measured(tmp_path, targets[protocol], "-i", protocol, "-m", "iris", "--shape", "x:8,4")
    assert found["Inferences/Second"] > 0
    assert found["Server Compute Infer"] > 0
    assert found["Server Compute Input"] > 0


@pytest.mark.parametrize(
    ("protocol", "formats"),
    [
        pytest.param("http", ("--input-tensor-format", "binary", "--output-tensor-format", "binary"), id="bytes"),
        pytest.param("http", ("--input-tensor-format", "json", "--output-tensor-format", "json"), id="JSON"),
        pytest.param("grpc", (), id="gRPC"),
    ],
)
def test_it_drives_a_table_with_texts(
    tmp_path: Path,
    targets: Mapping[str, str],
    served: Mapping[str, Served],
    protocol: str,
    formats: tuple[str, ...],
) -> None:
    rows = served["income"].rows[:3].to_dict("records")
    data = [{str(name): {"content": [value], "shape": [1, 1]} for name, value in row.items()} for row in rows]
    (tmp_path / "rows.json").write_text(json.dumps({"data": data}))
    options = ("-i", protocol, "-m", "income", "--input-data", str(tmp_path / "rows.json"), *formats)
    assert measured(tmp_path, targets[protocol], *options)["Inferences/Second"] > 0
