"""The trial's own process: it goes with the one that asks for it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.trial import START_SECONDS
from tests.bundles.test_trial import endless

ASKING = """
import sys
from pathlib import Path
from lading.bundles.trial import try_bundle
from lading.core.settings import Limits
try_bundle(Path(sys.argv[1]), sys.argv[2], Limits(hang_seconds=600, load_seconds=600))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux alone does this")
def test_the_process_ends_with_the_one_that_asks(make_draft: Callable[..., Draft], tmp_path: Path) -> None:
    path = tmp_path / "x.lading"
    digest = write_bundle(make_draft(model=endless()), path)
    asking = subprocess.Popen([sys.executable, "-c", ASKING, str(path), digest])
    deadline = time.monotonic() + START_SECONDS
    while not (there := [one for one in psutil.Process(asking.pid).children() if is_bounded(one.pid)]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    asking.kill()
    asking.wait()
    _, left = psutil.wait_procs(there, timeout=20)
    for one in left:
        one.kill()
    assert left == []


def is_bounded(pid: int) -> bool:
    """Whether a trial's process writes no file any more and is nobody, as it is when it loads what it was given."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_text()
        nobody = os.geteuid() != 0 or psutil.Process(pid).uids().real != 0
        return nobody and re.search(r"^Max file size +0 ", limits, re.MULTILINE) is not None
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return False
