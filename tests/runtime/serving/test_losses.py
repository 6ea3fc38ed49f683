"""A replica that died is counted once; one that left is not."""

import os
import subprocess

from lading.runtime.serving.losses import Losses
from lading.runtime.serving.standing import Standing


def test_the_dead_are_counted_once_and_the_living_not() -> None:
    with subprocess.Popen(["sleep", "60"]) as dying:
        standings = [Standing(pid=os.getpid(), current=0), Standing(pid=dying.pid, current=0)]
        losses = Losses()
        losses.look(standings)
        assert losses.count == 0
        dying.kill()
        dying.wait()
    losses.look(standings)
    losses.look(standings)
    losses.look(standings[:1])
    assert losses.count == 1
