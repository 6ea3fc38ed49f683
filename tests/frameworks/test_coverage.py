"""Coverage: what docs/coverage-networks.md says of every architecture is so."""

import re

import pytest

from tests.frameworks.coverage import FRAMEWORKS, PAGE, became, cases, part

pytestmark = pytest.mark.frameworks


@pytest.mark.timeout(900)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_page_says_what_becomes_of_every_case(framework: str) -> None:
    assert part(framework, [became(case) for case in cases(framework)]) in PAGE.read_text()


def test_the_page_knows_every_case_and_counts_them() -> None:
    page = PAGE.read_text()
    told = re.findall(r"^\| (\w[\w.]*) \| ([^|]+) \|", page, flags=re.MULTILINE)
    known = [(case.api, case.what) for framework in FRAMEWORKS for case in cases(framework)]
    assert sorted(one for one in told if one[0] not in ("model", "refused")) == sorted(known)
    proved, everything, refused = map(int, *re.findall(r"\*\*(\d+) of (\d+) are proved equal; (\d+) are refused", page))
    assert everything == len(known) == proved + refused
    assert proved == len(re.findall(r"\| (float\d+) \|", page))
