"""The phases: what a server's metrics say of the time between two looks at them."""

import pytest

from lading.loadtests.measuring.phases import phases_between

DIGEST = "sha256:" + "ab" * 32


def told(requests: int, seconds: float) -> str:
    lines = ["# TYPE lading_prediction_seconds histogram"]
    for phase in ("queue", "decode", "compute", "encode"):
        labels = f'{{deployment="m",version="1",digest="{DIGEST[7:19]}",phase="{phase}"}}'
        lines += [
            f"lading_prediction_seconds_sum{labels} {seconds}",
            f"lading_prediction_seconds_count{labels} {requests}",
        ]
    return "\n".join(lines) + "\n"


def test_they_are_what_came_between_two_looks() -> None:
    found = phases_between(told(10, 1.0), told(30, 4.0), DIGEST)
    assert found is not None
    assert (found.requests, found.queue, found.compute) == (20, 3.0, 3.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (told(10, 1.0), told(10, 1.0)),
        ("", ""),
        ("<html><body>hello</body></html>", told(1, 1.0)),
        (told(1, 1.0), '{"error": "bad gateway"}'),
        (told(1, 1.0), "upstream connect error or disconnect"),
    ],
)
def test_what_says_nothing_is_none(before: str, after: str) -> None:
    assert phases_between(before, after, DIGEST) is None
    assert phases_between(told(1, 1.0), told(2, 2.0), "sha256:" + "cd" * 32) is None
