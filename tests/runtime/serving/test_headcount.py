"""The headcount says once that replicas are missing, once that they are back, and nothing of planned changes."""

from collections.abc import Sequence

import pytest

from lading.runtime.serving.headcount import Headcount

ENDED = "a replica ended; a fresh one is starting (1 of 2 answer)"
AGAIN = "2 replicas answer again"


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        pytest.param([2, 2, 3], [], id="all is well"),
        pytest.param([2, 1, 1, 1, 2, 2], [ENDED, AGAIN], id="one ends, and another takes its place"),
        pytest.param([2, 0, 2], [], id="one look is not enough"),
        pytest.param([1, 1, 2, 1, 1], [ENDED, AGAIN, ENDED], id="each time it happens"),
        pytest.param(["begin", 2, 1, 1, 0, "end", 1, 1, 2], [], id="a change that was ordered is no news"),
        pytest.param(["begin", 1, "end", 2, 1, 1], [ENDED], id="after a change it is news again"),
        pytest.param(["begin", "end", 1, 1, 2], [], id="a change that is over at once needs its time too"),
        pytest.param([1, 1, "begin", 1, "end", 2], [ENDED, AGAIN], id="what was told is told to its end"),
    ],
)
def test_what_is_told(looks: Sequence[int | str], told: list[str]) -> None:
    heard: list[str] = []
    headcount = Headcount(2, heard.append, heard.append)
    for look in looks:
        if look == "begin":
            headcount.begin_change()
        elif look == "end":
            headcount.end_change()
        else:
            headcount.look(int(look))
    assert heard == told


def test_a_single_replica_is_not_counted() -> None:
    heard: list[str] = []
    headcount = Headcount(1, heard.append, heard.append)
    for found in (0, 0, 1):
        headcount.look(found)
    assert heard == ["a replica ended; a fresh one is starting (0 of 1 answer)", "the replica answers again"]
