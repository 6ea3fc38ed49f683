"""What was measured is told in full: medians, failures, and a plot with every server in it."""

from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.__main__ import BEGIN, END, PAGE
from benchmarks.contenders import BEFORE, LADING
from benchmarks.measuring import BARE
from benchmarks.plot import plot
from benchmarks.report import Report, against_before, markdown

SVG = "{http://www.w3.org/2000/svg}"


def result(server: str, rate: float, round_: int = 0, **more: Any) -> dict[str, Any]:
    figures = {"requests_per_second": rate, "p50_ms": 1.0, "p99_ms": 2.0, "cpu_ms": 10 / rate, "errors": 0}
    rest = {"memory_mib": 100.0, "ready_s": 3.0, "generator_cpu_ms": 0.02, "model": "gbt", "rows": 1}
    return {"server": server, "round": round_, **figures, **rest, **more}


def report(*results: dict[str, Any]) -> Report:
    return Report("2 cores", "3 rounds", ["mosec 1"], {"gbt": "Trees: 200"}, results)


def test_medians_over_the_rounds() -> None:
    told = markdown(report(*(result(LADING, rate, round_) for round_, rate in enumerate((100, 900, 200)))))
    assert f"| {LADING} | 200 |" in told


def test_how_many_requests_lading_answers_for_one_of_another() -> None:
    told = markdown(report(result(LADING, 300), result("mosec", 200), result(BARE, 1000)))
    assert "| mosec | 200 | 1.5 x | 1.00 | 2.00 | 0.050 | 0.040 |" in told
    assert f"| {BARE} | 1,000 |  |" in told


def test_what_could_not_be_measured_is_said_with_its_reason() -> None:
    failed = {"server": "mosec", "model": "gbt", "round": 0, "failed": "it could not be installed"}
    shown = report(result(LADING, 300), failed)
    assert "Not measured:\n\n- mosec: it could not be installed" in markdown(shown)
    assert "not measured" in plot(shown)


@pytest.mark.parametrize(("errors", "told"), [(0, "No request failed."), (1200, "1,200 requests failed.")])
def test_failed_requests_are_told(errors: int, told: str) -> None:
    assert markdown(report(result(LADING, 300, errors=errors))).endswith(told)


def test_against_an_earlier_program() -> None:
    told = against_before(report(result(BEFORE + LADING, 100), result(LADING, 150)))
    assert told == f"- gbt, {LADING}, 1 rows: 1.50 x the requests of before, 0.67 x the CPU of each"


def test_bars_are_as_long_as_rates_and_the_bare_session_has_none() -> None:
    drawn = ElementTree.fromstring(plot(report(result(LADING, 300), result("K & S", 100), result(BARE, 9000))))
    _background, ours, other = drawn.findall(f"{SVG}rect")
    assert float(ours.attrib["width"]) == pytest.approx(3 * float(other.attrib["width"]), rel=0.01)
    texts = [text.text for text in drawn.findall(f"{SVG}text")]
    assert texts.count("K & S") == 1
    assert BARE not in texts


def test_the_page_has_room_for_the_tables() -> None:
    assert PAGE.read_text().index(BEGIN) < PAGE.read_text().index(END)
