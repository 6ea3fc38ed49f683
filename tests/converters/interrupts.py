"""Interrupts: a command that a person stops with Ctrl-C at a moment that it tells of."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def interrupted(arguments: list[str], moment: str, temporary: Path) -> tuple[int, str]:
    """The exit code of ``lading`` and what it told, once it was stopped at the line that begins with ``moment``."""
    command = [str(Path(sys.executable).with_name("lading")), *arguments]
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    told = ""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment) as run:  # fmt: skip
        assert run.stderr is not None
        for line in run.stderr:
            told += line
            if line.startswith(moment):
                run.send_signal(signal.SIGINT)
                break
        told += run.stderr.read()
    return run.returncode, told
