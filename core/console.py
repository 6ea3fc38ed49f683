"""The console: reports on standard output, progress and errors on standard error.

What is written is text from anywhere, a bundle's manifest too: none of it is markup, and none of it can move a
terminal's cursor.
"""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import orjson
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

WORTH_SHOWING = 32 << 20
"""Bytes from which on a progress bar is worth its flicker."""


_UNPRINTABLE = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def reports() -> Console:
    """Where a command's result goes, for a person."""
    return Console(highlight=False, soft_wrap=True)


def progress() -> Console:
    """Where a command says what it is doing, also while others are kept from writing there."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    r"""``text`` with control characters written out, lines and tabs excepted.

    >>> print(printable("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return "".join(
        character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1] for character in text
    )


def one_line(text: str) -> str:
    r"""The same with lines and tabs written out, too: no text can pass for a line of its own.

    >>> print(one_line("a\nok  b"))
    a\nok  b
    """
    return printable(text).replace("\n", r"\n").replace("\t", r"\t")


def printable_json(document: str) -> str:
    r"""The same JSON with what moves a cursor, or passes for the end of a line, written out; JSON lets some of it stand.

    >>> print(printable_json('{"a": "\x9b2J"}'))
    {"a": "\u009b2J"}
    """
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def print_json(document: object) -> None:
    """Write one JSON document to standard output, indented, for a program."""
    sys.stdout.write(printable_json(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()) + "\n")


def print_text(text: str) -> None:
    """Write a line to standard output."""
    reports().print(Text(one_line(text)))


def print_heading(text: str) -> None:
    """Write a heading to standard output, with a line before it."""
    reports().print(Text("\n" + one_line(text), style="bold cyan"))


def print_warning(text: str) -> None:
    """Write something that nobody should overlook to standard output."""
    reports().print(Text("warning: ", style="bold yellow") + Text(one_line(text), style="yellow"))


def print_note(text: str) -> None:
    """Write what somebody may want to know to standard error."""
    progress().print(Text("note: ", style="bold") + Text(one_line(text)), style="dim")


def print_alert(text: str) -> None:
    """Write something that nobody should overlook to standard error."""
    progress().print(Text("warning: ", style="bold yellow") + Text(one_line(text), style="yellow"))


def print_error(text: str, *more: str) -> None:
    """Write what went wrong to standard error, each text on a line of its own."""
    console = progress()
    console.print(Text("error: ", style="bold red") + Text(one_line(text)))
    for line in more:
        console.print(Text(one_line(line)))


def print_change(name: str, before: str | None, after: str | None) -> None:
    """Write what something was and what it is to standard output; None where there was nothing, or nothing is left."""
    line = Text("  ") + Text(printable(name), style="bold") + Text("  ")
    if before is not None:
        line += Text(printable(f"- {before}" if after is None else before), style="red")
    if before is not None and after is not None:
        line += Text(" → ")
    if after is not None:
        line += Text(printable(f"+ {after}" if before is None else after), style="green")
    reports().print(line)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a plain table to standard output."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    _print_whole(table)


def print_facts(facts: Mapping[str, str]) -> None:
    """Write ``name  value`` lines to standard output."""
    print_lines(facts.items())


def print_lines(lines: Iterable[tuple[str, str]]) -> None:
    """Write ``name  value`` lines, of which several may have one name, to standard output."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in lines:
        table.add_row(Text(one_line(name)), Text(one_line(value)))
    _print_whole(table)


def _print_whole(table: Table) -> None:
    """Print a table, folded to a terminal's width; for a file or a pipe every row stays on one line."""
    console = reports()
    if not console.is_terminal:
        wide = console.options.update(width=100_000)
        console.width = max(console.measure(table, options=wide).maximum, 1)
    console.print(table)


class Meter:
    """A progress bar on standard error that shows only for what takes long; a context manager."""

    def __init__(self, what: str) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            console=progress(),
            transient=True,
        )
        self._what = one_line(what)
        self._task: TaskID | None = None

    def show(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` bytes are done."""
        if total < WORTH_SHOWING or not self._bar.console.is_terminal:
            return
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=total)
        self._bar.update(self._task, completed=done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._bar.stop()
