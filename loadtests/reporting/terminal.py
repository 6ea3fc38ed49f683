"""The terminal: what came of a load test, for who started it."""

from rich.table import Table
from rich.text import Text

from lading.core.console import one_line, print_facts, print_heading, print_table, print_warning, reports
from lading.loadtests.judging.phrases import rate, what_was_above, what_was_found
from lading.loadtests.reporting import tables
from lading.loadtests.reporting.page import STAMPS
from lading.loadtests.result import LoadTest

STYLES = {"passed": "bold green", "failed": "bold red", "met": "green", "missed": "bold red"}
"""Of verdicts and outcomes; all others are yellow."""


def print_result(result: LoadTest) -> None:
    """Write the objectives, the latencies and the verdict to standard output."""
    print_heading("Latency")
    columns = ["", *(one_line(tables.named(result, role)) for role in tables.roles(result))]
    print_table([*columns, "difference"] if result.baseline is not None else columns, tables.latencies(result))
    print_heading("Requests")
    print_table(
        columns, [*tables.totals(result), *((f"failed: {kind}", *rest) for kind, *rest in tables.failures(result))]
    )
    if result.capacity is not None:
        print_heading("Capacity")
        above = () if result.capacity.above is None else (result.capacity.above,)
        print_facts(
            {what_was_found(result.capacity): rate(result.capacity.rate)}
            | {what_was_above(result.capacity): rate(one) for one in above}
        )
    print_heading("Objectives")
    _print_objectives(result)
    for warning in result.warnings:
        print_warning(warning)
    if not result.complete:
        print_warning("the test did not come to its end; the report is partial")
    _print_verdict(result)


def _print_objectives(result: LoadTest) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("objective", "outcome", "measured", "bound", "interval", "why"):
        table.add_column(Text(name), overflow="fold")
    for one in tables.objectives(result):
        cells = [one.text, one.outcome, one.measured, one.bound, one.interval, one.why]
        styles = {1: STYLES.get(one.outcome, "yellow")}
        table.add_row(*(Text(one_line(cell), style=styles.get(place, "")) for place, cell in enumerate(cells)))
    console = reports()
    if not console.is_terminal:
        console.width = 100_000
    console.print(table)


def _print_verdict(result: LoadTest) -> None:
    style = STYLES.get(result.verdict, "bold yellow")
    console = reports()
    console.print(Text(f"\n{STAMPS[result.verdict]}", style=style))
    for reason in result.reasons:
        console.print(Text(f"  {one_line(reason)}"))
