"""Children: processes that a server starts in sessions of their own, and that do not outlive it."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

from lading.core.offspring import mortal
from lading.runtime.serving.run_folder import RunFolder

TAIL_BYTES = 2000


async def start_child(
    run: RunFolder,
    command: Sequence[str],
    log: str,
    descriptors: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start ``command``; it reads from the server, inherits ``descriptors``, and writes to the file ``log``.

    Its session is watched by the run folder's warden: a Ctrl-C in the terminal does not reach it, the server's end
    does. The kernel ends it with the server, and the warden is the second line.
    """
    with (run.path / log).open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *mortal(command, signal.SIGKILL),
            stdin=PIPE if environment is not None else DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            pass_fds=descriptors,
            start_new_session=True,
        )
    run.watch(process.pid)
    return process


def last_words(path: Path) -> str:
    """The end of a log file, for a message; empty when there is none."""
    try:
        data = path.read_bytes()[-TAIL_BYTES:]
    except OSError:
        return ""
    return data.decode(errors="replace").strip()
