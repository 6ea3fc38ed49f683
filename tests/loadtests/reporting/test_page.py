"""The page stands alone, says what the result says, and shows no text from anywhere as markup."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest

from lading.loadtests.measuring.step import INTERRUPTED
from lading.loadtests.reporting.page import STAMPS, html
from lading.loadtests.reporting.series import series
from lading.loadtests.reporting.timelines import over_time
from lading.loadtests.result import LoadTest
from tests.loadtests.results import (
    BASELINE,
    CANDIDATE,
    OBJECTIVES,
    Service,
    capacity_result,
    compared_result,
    plain_result,
    result_of,
    step_of,
)

RESULTS: dict[str, Callable[[], LoadTest]] = {
    "plain": plain_result,
    "failing": lambda: plain_result(Service(failing={"503": 0.02, "timeout": 0.001})),
    "all failing": lambda: plain_result(Service(failing={"503": 1.0}), seconds=5.0),
    "compared": lambda: compared_result(1.02),
    "capacity": capacity_result,
    "one second": lambda: plain_result(seconds=1.0),
    "nothing": lambda: result_of([], complete=False),
    "nothing beside a baseline": lambda: result_of([], complete=False, baseline=BASELINE),
}


class Page(HTMLParser):
    """What a page consists of."""

    VOID = ("meta", "link", "br", "path", "rect", "line")

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.text, self.attributes, self.open, self.unbalanced = "", [], [], []  # type: ignore[var-annotated]
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", list(RESULTS))
def test_it_is_whole_and_stands_alone(name: str) -> None:
    result = RESULTS[name]()
    page = Page(html(result))
    assert (page.open, page.unbalanced) == ([], [])
    assert STAMPS[result.verdict] in page.text
    assert result.candidate.digest in page.text
    assert all(reason in page.text for reason in result.reasons)
    loading = [one for one in page.attributes if one[1] in ("src", "srcset", "data", "poster", "action", "style")]
    assert loading == []
    assert [value for _, attribute, value in page.attributes if attribute == "href"] == ["data:,", "#content"]
    assert "nan" not in page.text.split()
    assert not re.search(r'"[^"]*\b(nan|inf)\b[^"]*%?"', " ".join(str(one[2]) for one in page.attributes))


def test_its_policy_allows_only_what_is_in_it() -> None:
    page = Page(html(plain_result(seconds=2.0)))
    (policy,) = [value for _, name, value in page.attributes if name == "content" and "default-src" in str(value)]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("name", ["plain", "failing", "compared", "capacity"])
def test_each_objective_is_told(name: str) -> None:
    result = RESULTS[name]()
    text = Page(html(result)).text
    for one in result.judged:
        assert str(one.objective) in text
        assert one.why in text


def test_a_capacity_that_is_not_confirmed_is_no_highest_rate() -> None:
    confirmed, other = (Page(html(capacity_result(confirmed=one))).text for one in (True, False))
    assert "The highest rate that met the objectives is 1,200" in confirmed
    assert "The next rate below those that missed the objectives when they were asked for longer is 1,200" in other


def test_the_baseline_is_beside_the_candidate() -> None:
    result = compared_result()
    sides = over_time(result)
    assert [role for role, _ in sides] == ["candidate", "baseline"]
    for one, other in zip(sides[0][1], sides[1][1], strict=True):
        assert (one.title, one.x, one.y) == (other.title, other.x, other.y)
    text = Page(html(result)).text
    assert BASELINE.digest in text
    assert text.count("baseline 1.4.0") >= 5


def test_breaks_do_not_count_as_time_in_which_nothing_was_asked() -> None:
    step = step_of(Service(), np.random.default_rng(1), rate=100.0, seconds=4.0)
    resting = step.model_copy(update={"breaks": 2.0, "rate": 200.0, "rate_after": 200.0})
    assert resting.throughput == 2 * step.throughput
    [stretch], [before] = series([resting], "candidate").stretches, series([step], "candidate").stretches
    assert [one.due for one in stretch] == [None if one.due is None else 2 * one.due for one in before]


def test_a_partial_report_says_so_and_a_waiver_is_shown() -> None:
    steps = plain_result(seconds=5.0).steps
    broken = [*steps[:-1], steps[-1].model_copy(update={"ended": INTERRUPTED})]
    waived = CANDIDATE.model_copy(update={"waiver": "the trees differ in the last bit"})
    text = Page(html(result_of(broken, OBJECTIVES, complete=False, candidate=waived))).text
    assert "This report is partial" in text
    assert "No verdict" in text
    assert "was waived" in text
    assert "the trees differ in the last bit" in text
    assert "was waived" not in Page(html(plain_result(seconds=2.0))).text


def test_no_text_is_markup() -> None:
    hostile = "</script></title><script>alert(1)</script><img src=x onerror=alert(1)>'\"\x1b\u202e"
    result = compared_result()
    odd = {"name": hostile, "version": hostile, "target": hostile, "waiver": hostile}
    windows = tuple(
        window.model_copy(update={"form": hostile, "failures": {hostile: 1}}) for window in result.steps[0].windows
    )
    changed = result.model_copy(
        update={
            "candidate": CANDIDATE.model_copy(update=odd),
            "baseline": BASELINE.model_copy(update=odd),
            "reasons": (hostile,),
            "steps": (result.steps[0].model_copy(update={"windows": windows}), *result.steps[1:]),
        }
    )
    page = Page(html(changed))
    assert (page.open, page.unbalanced) == ([], [])
    assert not [one for one in page.attributes if one[0] == "img" or one[1].startswith("on")]
    assert page.text.count("</script></title><script>alert(1)") >= 4
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text
