"""``python -m benchmarks``: every contender in turn, in rounds; prints the medians."""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender, contenders
from benchmarks.environments import ROOT
from benchmarks.measuring import Plan, Result, measure, measure_bare
from benchmarks.plot import plot
from benchmarks.report import Report, against_before, markdown
from benchmarks.subjects import ROWS, SUBJECTS, Subject, make_subject

PARTS = {"ONNX Runtime": "onnxruntime", "Ray": "ray", "FastAPI": "fastapi", "uvicorn": "uvicorn"}
BARE = "bare"
PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "images" / "performance.svg"
BEGIN, END = "<!-- python -m benchmarks --write: begin -->", "<!-- end -->"


def main() -> None:
    """Measure, or read what was measured, and tell."""
    options = _options()
    report = Report(**(_measured(options) if options.read is None else json.loads(options.read.read_text())))
    print(against_before(report) if options.before is not None else markdown(report))
    if options.write:
        write(report)


def write(report: Report) -> None:
    """The tables into docs/performance.md, and the plot beside it."""
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    image = f"![Requests a second of every server]({PLOT.relative_to(PAGE.parent)})"
    PAGE.write_text(f"{before}{begin}\n{image}\n\n{markdown(report)}\n{end}{after}")
    PLOT.write_text(plot(report))


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for; ``--json`` is written after each server, since all of it takes long."""
    chosen = _chosen(options)
    document: dict[str, Any] = {
        "machine": machine(),
        "terms": f"{_rounds(options.rounds)} of {options.seconds:g} s, {options.connections} connections",
        "releases": list(dict.fromkeys(release for one in chosen.values() if (release := one.release()) is not None)),
        "titles": {},
        "results": [],
    }
    plan = Plan(options.rows, options.connections, options.seconds)
    with tempfile.TemporaryDirectory(prefix="lading-benchmark-") as folder:
        subjects = [make_subject(name, _folder(Path(folder), name)) for name in options.models]
        document["titles"] = {subject.name: subject.title for subject in subjects}
        for round_ in range(options.rounds):
            for subject in subjects:
                for result in _turn(chosen, subject, plan, bare=BARE in options.contenders):
                    document["results"].append(result | {"model": subject.name, "round": round_})
                    if options.json is not None:
                        options.json.write_text(json.dumps(document, indent=1))
    return document


def _turn(chosen: dict[str, Contender], subject: Subject, plan: Plan, bare: bool) -> Iterator[Result]:
    for contender in chosen.values():
        yield from measure(contender, subject, plan)
    if bare:
        yield from measure_bare(subject, plan)


def _chosen(options: argparse.Namespace) -> dict[str, Contender]:
    if options.before is not None:
        return contenders(options.before)
    return {name: one for name, one in contenders().items() if name in options.contenders}


def _rounds(count: int) -> str:
    return "one round" if count == 1 else f"{count} rounds"


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def _options() -> argparse.Namespace:
    everyone = [*contenders(), BARE]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--contenders", type=_some_of(everyone), default=everyone, help=f"of {','.join(everyone)}")
    parser.add_argument(
        "--models", type=_some_of(list(SUBJECTS)), default=list(SUBJECTS), help=f"of {','.join(SUBJECTS)}"
    )
    parser.add_argument("--rows", type=_rows, default=[1, 32, 256], help=f"in a request, {ROWS} at most: 1,32,256")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument(
        "--before", type=Path, help="measure this one beside another lading program, and no other server"
    )
    parser.add_argument("--json", type=Path, help="write every round into this file")
    parser.add_argument("--read", type=Path, help="measure nothing; tell what such a file holds")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its plot")
    return parser.parse_args()


def _some_of(names: Sequence[str]) -> Any:
    def parse(text: str) -> list[str]:
        asked = text.split(",")
        if unknown := [name for name in asked if name not in names]:
            raise argparse.ArgumentTypeError(f"there is no {unknown[0]}; there are {', '.join(names)}")
        return asked

    return parse


def _rows(text: str) -> list[int]:
    rows = [int(count) for count in text.split(",")]
    if not all(1 <= count <= ROWS for count in rows):
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and {ROWS}")
    return rows


def machine() -> str:
    """Where it ran, and with what."""
    cores = f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}, Python {platform.python_version()}"
    return f"{cores}, {', '.join(f'{name} {version(package)}' for name, package in PARTS.items())}"


if __name__ == "__main__":
    main()
