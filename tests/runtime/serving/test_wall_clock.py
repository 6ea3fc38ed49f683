"""The wall clock tells when the time of day is set back, once, and of nothing else."""

import pytest

from lading.runtime.serving.wall_clock import WallClock


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        pytest.param([0, 0, 0], [0, 0, 0], id="time goes by"),
        pytest.param([-3600, 0], [3600, 0], id="back by an hour"),
        pytest.param([3600, 0], [0, 0], id="forward by an hour"),
        pytest.param([3600, -3600, -60], [0, 3600, 60], id="forward and back"),
        pytest.param([-2, 0], [0, 0], id="back by a little"),
    ],
)
def test_what_is_told(steps: list[int], told: list[int]) -> None:
    steady, set_to = 100.0, 1_000_000.0
    clock = WallClock(lambda: set_to + steady, lambda: steady)
    heard = []
    for step in steps:
        steady, set_to = steady + 7, set_to + step
        heard.append(clock.set_back())
    assert heard == told
