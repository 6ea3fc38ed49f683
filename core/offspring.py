"""Offspring: processes that do not outlive the one that starts them, however that ends.

Run as a program it becomes another one, after it has asked the kernel for a signal when its parent ends. Nothing of
this happens between fork and exec, where a lock that another thread of the parent holds would never be let go.
"""

import ctypes
import os
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def mortal(command: Sequence[str], signal: int) -> list[str]:
    """What to run for ``command``, so that it gets ``signal`` when the thread that starts it ends, by SIGKILL too.

    The very command where the system has no such thing: Linux alone does (prctl(2)).
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(signal)), *command]


def main(parent: str, signal: str, *command: str) -> None:
    """Become ``command``; a parent that has ended meanwhile would send no signal any more."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal))
    if os.getppid() == int(parent):
        os.execvp(command[0], command)  # noqa: S606 - what the parent was asked to start


if __name__ == "__main__":
    main(*sys.argv[1:])
