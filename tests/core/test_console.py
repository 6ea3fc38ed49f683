"""The console: whatever the text, it is text."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.core.console import Meter, print_error, print_facts, print_table, print_text, printable

Output = pytest.CaptureFixture[str]


@given(st.text())
def test_printable_text_moves_no_cursor(text: str) -> None:
    assert all(character.isprintable() or character in "\n\t" for character in printable(text))


def test_markup_stays_text(capsys: Output) -> None:
    print_text("[bold]x[/]")
    print_table(["[red]column"], [["[link=a]cell"]])
    print_facts({"[b]name": "[i]value"})
    print_error("[blink]gone")
    output = capsys.readouterr()
    for text in ("[bold]x[/]", "[red]column", "[link=a]cell", "[b]name", "[i]value"):
        assert text in output.out
    assert "[blink]gone" in output.err


def test_what_is_written_in_a_line_of_an_error_is_no_line_of_its_own(capsys: Output) -> None:
    print_error("a\nb", "c\td")
    assert capsys.readouterr().err.splitlines() == [r"error: a\nb", r"c\td"]


def test_a_row_stays_on_one_line_in_a_pipe(capsys: Output) -> None:
    print_table(["name", "value"], [["a" * 150, "b" * 150]])
    assert len(capsys.readouterr().out.splitlines()) == 2
    print_facts({"a" * 150: "b" * 150})
    assert len(capsys.readouterr().out.splitlines()) == 1


class Terminal(io.StringIO):
    """Standard error as a terminal sees it."""

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Stands in for both streams from now on."""
    streams = Terminal()
    monkeypatch.setattr(sys, "stderr", streams)
    monkeypatch.setattr(sys, "stdout", streams)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return streams


def test_progress_shows_for_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = terminal(monkeypatch)
    with Meter("checking [b]x") as meter:
        meter.show(1 << 20, 64 << 20)
        meter.show(64 << 20, 64 << 20)
    assert "checking [b]x" in streams.getvalue()


def test_progress_stays_silent_for_what_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = terminal(monkeypatch)
    with Meter("checking") as meter:
        meter.show(1 << 20, 2 << 20)
    assert streams.getvalue() == ""


def test_progress_stays_silent_in_a_pipe(capsys: Output) -> None:
    with Meter("checking") as meter:
        meter.show(1 << 20, 64 << 20)
    assert capsys.readouterr().err == ""


def test_a_table_folds_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = terminal(monkeypatch)
    print_table(["name"], [["a" * 100]])
    assert max(len(line) for line in streams.getvalue().splitlines()) < 60
