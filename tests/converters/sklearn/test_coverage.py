"""Coverage: what docs/coverage.md says of every estimator is so."""

import re

import pytest

from tests.converters.sklearn.every_estimator import PAGE, document, names, verdicts


def part() -> str:
    """What the page says of scikit-learn; boosted trees follow."""
    return PAGE.read_text().partition("\n## Boosted trees")[0]


@pytest.mark.cases
@pytest.mark.timeout(600)
def test_the_page_says_what_becomes_of_every_estimator() -> None:
    assert part() == document(list(verdicts()))


def test_the_page_knows_every_estimator_of_this_release() -> None:
    page = part()
    told = re.findall(r"^\| ([A-Z]\w+) \|", page, flags=re.MULTILINE)
    assert set(told) <= set(names())
    proved, everything, refused, silent = map(
        int, re.findall(r"\*\*(\d+) of (\d+) are proved equal; (\d+) are refused\*\*.* (\d+) more", page)[0]
    )
    assert (len(told), len(names())) == (everything, everything + silent)
    assert proved + refused == everything
