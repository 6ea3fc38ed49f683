"""The log line: something that was said, and what it is about, as one line of JSON."""

import sys
import time
from datetime import UTC, datetime

import orjson

from lading.core.console import printable_json


def log_line(message: str, level: str, source: str, seconds: float, **context: str) -> str:
    """The line for what ``source`` said at ``seconds`` of Unix time; ``context`` is what it is about.

    >>> log_line("a replica ended", "warning", "server", 1.25)
    '{"time":"1970-01-01T00:00:01.250Z","level":"warning","source":"server","message":"a replica ended"}'
    """
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"time": moment, "level": level, "source": source, "message": message, **context}
    return printable_json(orjson.dumps({name: _writable(value) for name, value in line.items()}).decode())


def print_log_line(message: str, level: str) -> None:
    """Write a line of the command's own to standard error."""
    sys.stderr.write(log_line(message, level, "lading", time.time()) + "\n")


def _writable(text: str) -> str:
    """``text`` without what has no UTF-8, such as half of a surrogate pair."""
    return text.encode(errors="replace").decode()
