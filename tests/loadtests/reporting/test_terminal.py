"""The terminal tells the verdict and why, and a pipe gets a line now and then."""

import itertools

import pytest

from lading.loadtests.reporting.board import Board, Now
from lading.loadtests.reporting.terminal import print_result
from tests.loadtests.results import CANDIDATE, Service, capacity_result, compared_result, plain_result, result_of


@pytest.mark.parametrize(
    ("result", "words"),
    [
        pytest.param(plain_result(), ["Passed", "p99=50ms", "met", "≤ 50 ms", "12,000"], id="passed"),
        pytest.param(
            plain_result(Service(failing={"503": 0.02})),
            ["Failed", "failed: 503", "missed"],
            id="with the kinds of errors",
        ),
        pytest.param(
            compared_result(1.2), ["baseline 1.4.0", "difference", "p50=baseline+10%"], id="beside a baseline"
        ),
        pytest.param(capacity_result(), ["highest rate that met the objectives", "1,200 /s"], id="a capacity"),
        pytest.param(
            capacity_result(confirmed=False), ["next rate below those that missed", "1,200 /s"], id="an unconfirmed one"
        ),
        pytest.param(result_of([], complete=False), ["the report is partial", "Failed"], id="nothing"),
    ],
)
def test_the_table_tells_what_came_of_it(result: object, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    print_result(result)  # type: ignore[arg-type]
    shown = capsys.readouterr().out
    assert all(word in shown for word in words)


def test_no_text_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    odd = CANDIDATE.model_copy(update={"version": "\x1b[2J[bold]1"})
    print_result(plain_result(seconds=1.0).model_copy(update={"candidate": odd, "reasons": ("\x1b[2J",)}))
    with Board("\x1b[2J") as board:
        board.show(Now("\x1b[2J", 1, 30, 200), ())
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "\\x1b[2J[bold]1" in shown.out


def test_a_pipe_gets_a_line_every_five_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one when something else begins."""
    windows = plain_result(seconds=20.0).steps[-1].windows
    clock = itertools.count()
    monkeypatch.setattr("lading.loadtests.reporting.board.time.monotonic", lambda: float(next(clock)))
    with Board("churn 1.5.0") as board:
        for second in range(1, 19):
            board.show(Now("constant", second, 20, 200), [one for one in windows if one.second <= second])
        board.show(Now("step 2 of a search, 400 /s", 1, 20, 400), windows)
    lines = capsys.readouterr().err.splitlines()
    assert 4 <= len(lines) <= 6
    assert lines[0].startswith("churn 1.5.0: constant, 1 of 20 s: due 200 /s, answered ")
    assert "p99 " in lines[1]
    assert "failed 0 of" in lines[1]
    assert lines[-1].startswith("churn 1.5.0: step 2 of a search, 400 /s, 1 of 20 s")


def test_a_terminal_gets_a_board(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with Board("churn 1.5.0") as board:
        board.show(Now("pair 7, baseline", 3.0, 20, 200), plain_result(seconds=5.0).steps[-1].windows)
    shown = capsys.readouterr().err
    for word in ("churn 1.5.0", "pair 7, baseline", "3 of 20 s", "p50", "failed"):
        assert word in shown
