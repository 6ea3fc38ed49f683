"""Offspring: a process that is started as mortal ends with the one that started it, and is otherwise what was asked for."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from lading.core import offspring
from lading.core.offspring import mortal

PARENT = """
import subprocess, sys, time
from lading.core.offspring import mortal
child = subprocess.Popen(mortal([sys.executable, "-c", sys.argv[1]], int(sys.argv[2])), stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline(), flush=True)
time.sleep(60)
"""
PATIENT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("there", flush=True)
time.sleep(60)
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux alone does this")


def test_it_is_what_was_asked_for() -> None:
    echo = "import os, sys; print(os.environ['NAME'], sys.argv[1:], sys.stdin.read())"
    ran = subprocess.run(
        mortal([sys.executable, "-c", echo, "one", "-I"], signal.SIGTERM),
        input="said", env={**os.environ, "NAME": "given"}, capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip
    assert ran.stdout == "given ['one', '-I'] said\n"


@linux
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_a_parent_that_is_killed(how: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, PATIENT, str(int(how))], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline().split()[0]))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone, _ = psutil.wait_procs([child], timeout=20)
    assert gone == [child]


@linux
def test_it_does_not_begin_where_the_parent_has_ended_already() -> None:
    command = [sys.executable, "-I", "-S", offspring.__file__, "1" if os.getpid() != 1 else "2", "15", "echo", "there"]
    assert subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout == ""
