"""The console: reports on standard output, progress and errors on standard error."""

import sys
from collections.abc import Mapping, Sequence

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def reports() -> Console:
    """Where a command's result goes, for a person."""
    return Console(highlight=False, soft_wrap=True)


def progress() -> Console:
    """Where a command says what it is doing."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(document: object) -> None:
    """Write one JSON document to standard output, indented, for a program."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a plain table to standard output; what it holds is text, never markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    reports().print(table)


def print_facts(facts: Mapping[str, str]) -> None:
    """Write ``name  value`` lines to standard output; what they hold is text, never markup."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(escape(name), escape(value))
    reports().print(table)
