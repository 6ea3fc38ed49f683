"""The warden: a small process that clears up after the server, however the server ends.

It runs by its path, on the standard library alone: it must start at once and outlive everything. On standard input
the server names the sessions of processes that it starts (``+ID``) and those that are gone (``-ID``). When that
input ends, because the server stopped or died, the warden ends what is left in those sessions and removes the run
folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

PATIENCE_SECONDS = 10.0


def session_members(sessions: set[int]) -> list[int]:
    """The processes that live in ``sessions``; a process stays in its session when its parent dies."""
    if not sessions:
        return []
    if os.path.isdir("/proc/self"):
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _session(pid) in sessions]
    return _listed_members(sessions)


def end_sessions(sessions: set[int]) -> None:
    """End every process in ``sessions`` and wait until none is left, at most ten seconds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (members := session_members(sessions)) and time.monotonic() < deadline:
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def _session(pid: int) -> int | None:
    """The session of ``pid``; none for a process that is gone or waits only to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            # The name in parentheses may hold anything; what follows it is state, parent, group, session.
            state, _, _, session = stat.read().rpartition(b")")[2].split()[:4]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in {b"Z", b"X"} else int(session)


def _listed_members(sessions: set[int]) -> list[int]:
    """The same where there is no /proc, as on macOS."""
    listed = subprocess.run(["/bin/ps", "-axo", "pid="], capture_output=True, text=True, check=True)
    members = []
    for pid in map(int, listed.stdout.split()):
        try:
            if os.getsid(pid) in sessions:
                members.append(pid)
        except OSError:
            continue
    return members


def main() -> None:
    """Watch over the run folder that the first argument names."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions: set[int] = set()
    for line in sys.stdin:
        (sessions.add if line.startswith("+") else sessions.discard)(int(line[1:]))
    end_sessions(sessions)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
