"""The command ``lading package``: a model's file and its training data become a bundle."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from lading.core.console import print_facts, print_json, progress
from lading.core.errors import UsageError
from lading.core.interrupts import heeding

if TYPE_CHECKING:
    from lading.converters.optimizing import Gain
    from lading.converters.package import Packaged


class PairError(UsageError):
    """An option that takes ``name=value`` was given something else."""

    def __init__(self, option: str, found: str, expected: str) -> None:
        super().__init__(option, found, expected)
        self.option, self.found, self.expected = option, found, expected

    def __str__(self) -> str:
        return f"{self.option} was given {self.found!r}, expected {self.expected}"


def package(
    model: Annotated[
        Path,
        typer.Argument(
            help="The trained model: .joblib, .pkl, .skops, .onnx, .ubj, .json, .txt, .cbm, .pt2, .keras, or a folder that MLflow saved."
        ),
    ],
    data: Annotated[
        Path,
        typer.Option(
            help="The rows that it was trained on: .csv, .parquet or .arrow; arrays for a network: .npy, .npz."
        ),
    ],
    name: Annotated[str, typer.Option(help="The bundle's name: lower-case letters, digits, '.', '_', '-'.")],
    version: Annotated[str, typer.Option(help="The bundle's version.")] = "1.0.0",
    target: Annotated[
        list[str] | None,
        typer.Option(help="The column that the model predicts; repeatable, for one of several.", metavar="<column>"),
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(help="A column that the model takes, where the data has more; repeatable.", metavar="<column>"),
    ] = None,
    sensitive: Annotated[
        list[str] | None,
        typer.Option(
            help="A column whose values no log shall hold and no profile describe; repeatable.", metavar="<column>"
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            help="Further data, by what it was used for: validation, test; repeatable.", metavar="<role=file>"
        ),
    ] = None,
    mlflow_run: Annotated[
        str | None, typer.Option(help="The run of MLflow that trained it; short for --run mlflow:ID.", metavar="<id>")
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="The run of an experiment tracker that trained it.", metavar="<tracker:id>")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who made the model.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="What the bundle is tagged with; repeatable.", metavar="<name=value>")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="What you measured; repeatable.", metavar="<name=number>")
    ] = None,
    description: Annotated[str | None, typer.Option(help="What the model is for, in a sentence.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the data came from, when not the file itself.")] = None,
    precision: Annotated[
        str, typer.Option(help="auto, or double for float64 throughout.", metavar="<auto|double>")
    ] = "auto",
    optimize: Annotated[
        list[str] | None,
        typer.Option(help="Make the graph quicker or smaller, and prove it again; repeatable.", metavar="<graph|int8>"),
    ] = None,
    waiver: Annotated[
        str | None, typer.Option(help="Why a failed proof is accepted; shown wherever the bundle is shown.")
    ] = None,
    class_: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="A class of a network or a graph, in the order of its output's columns; repeatable.",
            metavar="<name>",
        ),
    ] = None,
    scores: Annotated[
        str | None,
        typer.Option(
            help="What those columns hold: scores, logits (a softmax makes them probabilities), or probabilities.",
            metavar="<scores|logits|probabilities>",
        ),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust", help="Load a pickle, a .pt2, or unknown types from .skops and .keras: each may run code."
        ),
    ] = False,
    output: Annotated[Path | None, typer.Option(help="The bundle: an archive .lading, else a folder.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Package a trained model, with proof that the converted one answers the same.

    Examples:

        lading package model.skops --data rows.csv --target species --name penguins

        lading package model.joblib --trust --data rows.parquet --target churned --name churn --version 1.4.0
        --metric accuracy=0.93 --tag team=retention --author "Ada Lovelace"

        lading package booster.ubj --data rows.parquet --target price --name prices

        lading package network.onnx --data rows.parquet --target price --name prices --json

        lading package network.onnx --data rows.parquet --name prices --optimize int8 --optimize graph
        --waiver "labels stay the same on the test data"

        lading package network.pt2 --trust --data images.npz --class cat --class dog --scores logits --name animals

        lading package model.skops --data train.parquet --dataset test=test.parquet --target churned --name churn
        --mlflow-run 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    """
    from lading.converters.arrays import read_rows
    from lading.converters.loading import load_model
    from lading.converters.package import package_as
    from lading.converters.request import Request, check_roles

    further = _pairs("--dataset", dataset, "what the data was used for and its file: --dataset test=test.parquet")
    check_roles(further)
    request = Request(
        name=name,
        version=version,
        path=output,
        target=target,
        features=feature,
        sensitive=() if sensitive is None else sensitive,
        metrics=_numbers("--metric", metric),
        run=_one_run(run, mlflow_run),
        source=data.name if source is None else source,
        data_name=data.name,
        author=author,
        tags=_pairs("--tag", tag, "name=value: --tag team=risk"),
        description=description,
        precision=precision,
        optimize=() if optimize is None else optimize,
        waiver=waiver,
        classes=class_,
        scores=scores,
    )
    for path in (data, *map(Path, further.values())):
        _check_data(path)
    with _interruptible(request.where) as heed:
        with _telling(heed) as say:
            say("loading the model")
            trained = load_model(model, trust)
            say("reading the data")
            packaged = package_as(
                request,
                trained,
                read_rows(data),
                datasets={role: Path(path) for role, path in further.items()},
                progress=say,
            )
        _report(packaged, json)


def _one_run(run: str | None, mlflow_run: str | None) -> str | None:
    if run is not None and mlflow_run is not None:
        raise PairError("--run", run, "one run: --mlflow-run is short for --run mlflow:ID")
    return run if mlflow_run is None else f"mlflow:{mlflow_run}"


def _check_data(path: Path) -> None:
    """Refuse a file that cannot be read as rows, before the model is loaded."""
    from lading.bundles.tables.files import SUFFIXES
    from lading.bundles.tables.problems import DataFileError
    from lading.converters.arrays import ARRAYS

    known = (*SUFFIXES, *ARRAYS)
    if path.suffix not in known:
        raise DataFileError(str(path), f"its name must end in one of {', '.join(known)}")
    if not path.is_file():
        raise DataFileError(str(path), "there is no such file")


def _report(packaged: "Packaged", json: bool) -> None:
    parity = packaged.parity
    if json:
        print_json(
            {
                "path": str(packaged.path),
                "digest": packaged.digest,
                "parity": parity.model_dump(mode="json", exclude_none=True),
                "notes": list(packaged.notes),
                "gains": [asdict(gain) | {"seconds": _by_text(gain.seconds)} for gain in packaged.gains],
            }
        )
        return
    print_facts(
        {
            "bundle": str(packaged.path),
            "digest": packaged.digest,
            "proved against": parity.reference,
            "rows compared": f"{parity.rows} ({parity.boundary_rows} at boundaries, {parity.single_rows} also alone)",
            "label flips": str(parity.label_flips),
            **{f"largest difference, {seen.output}": f"{seen.max_absolute:.3g}" for seen in parity.outputs},
            "precision": parity.precision,
            **({} if parity.waiver is None else {"waived because": parity.waiver}),
            **{f"step {gain.name}": _gain(gain) for gain in packaged.gains},
            **{f"note {number}": note for number, note in enumerate(packaged.notes, 1)},
        }
    )


def _by_text(seconds: Mapping[int, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    return {str(rows): pair for rows, pair in seconds.items()}


def _gain(gain: "Gain") -> str:
    """What a step of optimising brought and cost, in a line."""
    times = (f"{rows} rows {1e6 * before:.0f} → {1e6 * after:.0f} µs" for rows, (before, after) in gain.seconds.items())
    sizes = f"{gain.bytes[0]:,} → {gain.bytes[1]:,} bytes"
    cost = f"{gain.label_flips} label flips, largest difference {gain.largest_difference:.3g}"
    return "; ".join([sizes, *times, cost]).replace("; 1 rows", "; 1 row")


@contextmanager
def _interruptible(bundle: Path) -> Iterator[Callable[[], None]]:
    """Whoever interrupts it is told what became of ``bundle``. What it yields heeds an interrupt that got lost."""
    before = _identity(bundle)
    try:
        with heeding() as heed:
            yield heed
    except KeyboardInterrupt:
        # It may fall behind the renaming, and no line of ours stands so close to that that none could fall between.
        written = _identity(bundle) != before
        progress().print("interrupted; " + (f"{escape(str(bundle))} was written" if written else "nothing was written"))
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells the file or the folder at ``path`` from one that takes its place; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def _telling(heed: Callable[[], None]) -> Iterator[Callable[[str], None]]:
    """What tells people what is being done: one line that changes, or a line each where nobody watches.

    Whenever it is told something, it heeds interrupts first.
    """

    def heeded(show: Callable[[str], object]) -> Callable[[str], None]:
        def say(text: str) -> None:
            heed()
            show(escape(text))

        return say

    console = progress()
    if not console.is_terminal:
        yield heeded(console.print)
        return
    with console.status("") as status:
        yield heeded(status.update)


def _pairs(option: str, given: Sequence[str] | None, expected: str) -> dict[str, str]:
    pairs = {}
    for text in () if given is None else given:
        name, found, value = text.partition("=")
        if not found or not name:
            raise PairError(option, text, expected)
        pairs[name] = value
    return pairs


def _numbers(option: str, given: Sequence[str] | None) -> dict[str, float]:
    expected = f"a name and a number: {option} accuracy=0.93"
    numbers = {}
    for name, value in _pairs(option, given, expected).items():
        try:
            numbers[name] = float(value)
        except ValueError:
            raise PairError(option, f"{name}={value}", expected) from None
    return numbers
