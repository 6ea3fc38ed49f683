"""``lading predict``: score a file without a server."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lading.bundles.commands.trusting import Mode, TrustFile, alert, asked
from lading.core.console import print_json, progress
from lading.core.errors import UsageError
from lading.core.interrupts import heeding
from lading.core.settings import Settings

if TYPE_CHECKING:
    from lading.bundles.signing.policy import Policy
    from lading.runtime.model import Model
    from lading.runtime.scoring.scoring import Scored


class NoTablesError(UsageError):
    """What reads tables is not installed."""

    def __str__(self) -> str:
        return "lading predict needs pyarrow to read and write tables; install it: pip install 'lading[tables]'"


def predict(
    context: typer.Context,
    bundle: Annotated[Path, typer.Argument(help="The bundle, as a file or a folder.")],
    input: Annotated[Path, typer.Option("--input", "-i", help="Rows: .csv, .parquet, .arrow or .feather.")],  # noqa: A002
    output: Annotated[Path, typer.Option("--output", "-o", help="Answers: .csv, .parquet, .arrow, .feather, .jsonl.")],
    keep: Annotated[
        list[str] | None,
        typer.Option(help="A column of the input to keep beside the answers; several times, or 'all' for every one."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Batches answered at a time; as many as there are processors by default.")
    ] = None,
    policy: Mode = None,
    trust: TrustFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Score the rows of a file with a model, without a server.

    The file is read a piece at a time, so it may be larger than memory, and as many pieces are answered at a time as
    there are processors; the answers are the same, and in the order of the rows. The output appears when it is whole:
    after an error or Ctrl-C there is none, and one that was there before is unchanged.

    Columns of the output: what --keep names, then label, probability_CLASS, score_CLASS, value. Columns that
    the model does not take are ignored. In CSV an empty cell is a missing value, and so are NA, NaN and null where
    the field may be missing.

    Examples:

        lading predict penguins-1.0.0.lading --input new.csv --output answers.csv --keep id

        lading predict penguins-1.0.0.lading -i rows.parquet -o answers.parquet --keep all --json

        lading predict penguins-1.0.0.lading -i new.csv -o answers.csv --trust trust.toml
    """
    try:
        from lading.runtime.scoring.scoring import score
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise NoTablesError from error
    settings = context.find_object(Settings)
    settings = Settings() if settings is None else settings
    wanted = asked(settings, policy, trust)
    started = time.monotonic()
    model = _load(bundle, settings, wanted)
    with heeding() as heed, _bar() as advance:

        def look_up(done: int, total: int, rows: int) -> None:
            heed()
            advance(done, total, rows)

        scored = score(model, input, output, keep if keep is not None else (), look_up, threads or _threads(settings))
    _report(model, scored, output, time.monotonic() - started, as_json=json)


def _load(path: Path, settings: Settings, policy: "Policy") -> "Model":
    """The model, once the policy lets its bundle pass; says what that warns of."""
    from lading.runtime.model import Model

    with policy.opened(path, limits=settings) as (bundle, vetting):
        alert(bundle, vetting)
        return Model.load(bundle, settings.threads, vetting=vetting)


def _threads(settings: Settings) -> int:
    """As many as there are processors for inferences that take ``settings.threads`` each."""
    from lading.runtime.serving.quota import cpu_quota

    return max(1, round(cpu_quota() / settings.threads))


@contextmanager
def _bar() -> Iterator[Callable[[int, int, int], None]]:
    """A bar on standard error where a person watches; what it yields moves it on."""
    console = progress()
    shown = Progress(
        TextColumn("Scoring"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rows]:,} rows  {task.fields[pace]:,.0f} rows/s"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with shown:
        task, began = shown.add_task("", total=None, rows=0, pace=0), time.monotonic()

        def advance(done: int, total: int, rows: int) -> None:
            pace = rows / max(time.monotonic() - began, 1e-3)
            shown.update(task, completed=done, total=total, rows=rows, pace=pace)

        yield advance


def _report(model: "Model", scored: "Scored", output: Path, seconds: float, as_json: bool) -> None:
    if as_json:
        bundle = {"name": model.name, "version": model.version, "digest": model.digest}
        found = {"rows": scored.rows, "columns": scored.columns, "ignored_columns": scored.ignored}
        print_json({"bundle": bundle, "output": str(output), **found, "seconds": round(seconds, 3)})
        return
    told = progress()
    if scored.ignored:
        told.print(f"Ignored columns that the model does not take: {escape(', '.join(scored.ignored))}")
    if model.manifest.parity.waiver is not None:
        told.print(
            f"[bold yellow]The proof of this model failed and was waived:[/] {escape(model.manifest.parity.waiver)}"
        )
    told.print(
        f"{scored.rows:,} {'row' if scored.rows == 1 else 'rows'} answered by {escape(model.manifest.deployment)} into {escape(str(output))} in {seconds:.1f} s"
    )
