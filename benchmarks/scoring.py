"""How long ``lading predict`` takes for a file of Parquet beside scikit-learn on the same model, in turns, and what.

``python -m benchmarks.scoring`` makes the models and the rows, measures both as processes of their own, from their
start to their end, and prints the medians. It loads nothing that is large itself, since a process that is started
counts the memory of the one that starts it as its own for a moment.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

SILENT = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
MODELS = ("gbt", "histogram", "mixed", "linear")


class Took(NamedTuple):
    """One run of one program."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def main() -> None:
    """Measure, and print what was found as a table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="lading-scoring-") as fresh:
        folder = Path(options.folder or fresh)
        for model in options.models:
            _make(model, folder / model, options.rows)
        if options.rounds:
            print("| model | program | rows/s | CPU µs a row | MiB at most |")
            print("|---|---|---:|---:|---:|")
        for model in options.models if options.rounds else ():
            _measure(model, folder / model, options.rows, options.rounds)


def _make(model: str, folder: Path, rows: int) -> None:
    if not (folder / "rows.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "benchmarks.scoring_files", model, str(folder), str(rows)], check=True)


def _measure(model: str, folder: Path, rows: int, rounds: int) -> None:
    lading = str(Path(sys.executable).with_name("lading"))
    source, answers = str(folder / "rows.parquet"), str(folder / "answers.parquet")
    original = [sys.executable, "-m", "benchmarks.scikit_learn_scoring", str(folder / "model.joblib")]
    programs = {
        "scikit-learn": [*original, source, answers],
        "lading predict": [lading, "predict", str(folder / "model.lading"), "-i", source, "-o", answers],
    }
    runs: dict[str, list[Took]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, command in programs.items():
            runs[name].append(_run(command))
    for name, found in runs.items():
        seconds, cpu, peak = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"| {model} | {name} | {rows / seconds:,.0f} | {1e6 * cpu / rows:.2f} | {peak:,.0f} |", flush=True)


def _run(command: list[str]) -> Took:
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=SILENT)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return Took(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description="lading predict and scikit-learn")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="0 only makes the files")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--folder", help="where the files are kept for the next time, some gigabytes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
