"""How long ``lading verify`` takes beside ``sha256sum`` on the same archive, in turns, and how much memory.

``python -m benchmarks.verifying`` makes a bundle of 500 MB and prints the medians of both and their ratio. It loads
nothing itself, since a process that is started counts the memory of the one that starts it as its own for a moment.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEGABYTE = 1_000_000
SILENT = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verifying", description="verify beside sha256sum")
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lading-benchmark-") as folder:
        bundle = Path(folder) / "large.lading"
        make = [sys.executable, "-m", "benchmarks.large_bundle", str(bundle), str(options.megabytes * MEGABYTE)]
        subprocess.run(make, check=True)
        print(table(bundle, options.rounds))


def table(bundle: Path, rounds: int) -> str:
    """The medians of both commands, run in turns, and the most memory that each took."""
    lading = str(Path(sys.executable).with_name("lading"))
    commands = {"sha256sum": ["sha256sum", str(bundle)], "lading verify": [lading, "verify", str(bundle)]}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(_run(command))
    seconds = {name: statistics.median(took for took, _ in found) for name, found in runs.items()}
    lines = [f"{bundle.stat().st_size:,} bytes, {rounds} rounds", "", "| | seconds | MB at most |", "|---|---|---|"]
    lines += [f"| {name} | {seconds[name]:.2f} | {max(most for _, most in runs[name]):.0f} |" for name in commands]
    ratio = seconds["lading verify"] / seconds["sha256sum"]
    return "\n".join([*lines, "", f"lading verify takes {ratio:.2f} times as long as sha256sum"])


def _run(command: list[str]) -> tuple[float, float]:
    """How long a command took in seconds, and how much memory in megabytes."""
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=SILENT)
    _, status, used = os.wait4(child, 0)
    took = time.perf_counter() - began
    if status:
        raise SystemExit(f"{command[0]} failed")
    return took, used.ru_maxrss * 1024 / MEGABYTE


if __name__ == "__main__":
    main()
