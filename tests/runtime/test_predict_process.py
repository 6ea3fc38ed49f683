"""``lading predict`` as a process: what it holds, what it imports, and Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

COMMAND = "from lading.core.main import main; main()"


def big_csv(path: Path, rows: int) -> Path:
    block = "0.123456789,1.5\n" * 10_000
    with path.open("w") as stream:
        stream.write("weight,width\n")
        for _ in range(rows // 10_000):
            stream.write(block)
    return path


def test_ctrl_c_leaves_nothing_and_ends_with_130(bundles: dict[str, Path], tmp_path: Path) -> None:
    given = big_csv(tmp_path / "rows.csv", 20_000_000)
    running = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "predict", bundles["coins"], "-i", given, "-o", tmp_path / "answers.csv"],
        stderr=subprocess.PIPE,
    )
    while len(os.listdir(tmp_path)) == 1:  # the temporary file is not there yet
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert b"Traceback" not in said
    assert os.listdir(tmp_path) == ["rows.csv"]


def test_ctrl_c_ends_an_inference_without_end(loops_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("rounds\n1e15\n")
    arguments: list[str | Path] = [loops_bundle, "-i", tmp_path / "rows.csv", "-o", tmp_path / "answers.csv"]
    running = subprocess.Popen([sys.executable, "-c", COMMAND, "predict", *arguments], stderr=subprocess.PIPE)
    try:
        while len(os.listdir(tmp_path)) == 1:  # the temporary file is not there yet
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, said
    assert os.listdir(tmp_path) == ["rows.csv"]


PEAK = f"""
import re
from pathlib import Path
try:
    {COMMAND}
finally:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_memory_does_not_grow_with_the_file(bundles: dict[str, Path], tmp_path: Path, suffix: str) -> None:
    peaks = []
    for rows in (2_000_000, 8_000_000):
        given = big_csv(tmp_path / "rows.csv", rows)
        if suffix == ".parquet":
            pyarrow.parquet.write_table(pyarrow.csv.read_csv(given), given.with_suffix(suffix))
        arguments = map(
            str, ["predict", bundles["coins"], "-i", given.with_suffix(suffix), "-o", tmp_path / "answers.csv"]
        )
        done = subprocess.run([sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 32 * 1024, f"KiB at 2 and at 8 million rows: {peaks}"


def test_nothing_of_the_server_is_imported(bundles: dict[str, Path], tmp_path: Path) -> None:
    given = big_csv(tmp_path / "rows.csv", 10_000)
    code = f"import sys\ntry:\n    {COMMAND}\nfinally:\n    print([name for name in ('ray', 'starlette') if name in sys.modules])"
    arguments = map(str, ["predict", bundles["coins"], "-i", given, "-o", tmp_path / "answers.csv"])
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
