"""Coverage: what docs/coverage.md says of boosted trees is so."""

import re

import pytest

from tests.converters.boosting.coverage import MODELS, TITLE, cases, document, verdicts
from tests.converters.sklearn.every_estimator import PAGE


def part() -> str:
    """What the page says of boosted trees."""
    _, title, rest = PAGE.read_text().partition(TITLE)
    return title + rest


@pytest.mark.cases
@pytest.mark.timeout(600)
def test_the_page_says_what_becomes_of_every_case() -> None:
    assert part() == document(list(verdicts()))


def test_the_page_knows_every_case() -> None:
    told = re.findall(r"^\| (\w+) \| ([^|]+) \|", part(), flags=re.MULTILINE)
    known = {(case.api, case.what) for name in MODELS for case in cases(name)}
    assert {one for one in told if one[0] not in ("model", "refused")} == known
