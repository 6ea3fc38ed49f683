"""The counts file: what a slot's replica has counted, beside its socket, for its fellows and for who comes after it."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from lading.runtime.serving.whole_file import put_whole

LOG = logging.getLogger("lading.runtime")

TALLIED, OBSERVED = ".tally", ".drift"
"""The suffixes of the files of what was answered, and of what was asked."""

Line = dict[str, Any]
"""What was counted of one model, as JSON has it."""


class CountsFile:
    """The file of the slot at ``slot`` with this ``suffix``; ``what`` it holds is said where it cannot be written."""

    def __init__(self, slot: Path, suffix: str, what: str) -> None:
        self._path, self._suffix, self._what = slot.with_suffix(suffix), suffix, what
        self._written: object = None
        self._full = False

    def read(self) -> list[Line]:
        """What the replica that held the slot before has left."""
        return read_lines(self._path)

    def others(self) -> Iterable[list[Line]]:
        """What the replicas of the other slots have counted."""
        paths = sorted(self._path.parent.glob(f"*{self._suffix}"))
        return [read_lines(path) for path in paths if path != self._path]

    def is_fresh(self, state: object) -> bool:
        """Whether ``state`` is what was written last."""
        return state == self._written

    def write(self, lines: list[Line], state: object) -> None:
        """Put ``lines``, which stand for ``state``, in the place of what is there; the file appears whole."""
        try:
            put_whole(self._path, orjson.dumps(lines))
        except OSError as error:
            if not self._full:
                LOG.warning("%s cannot be shared among replicas: %s", self._what, error)
            self._full = True
        else:
            self._written, self._full = state, False


def read_lines(path: Path) -> list[Line]:
    """What the file at ``path`` says; nothing where there is none."""
    try:
        lines: list[Line] = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return []
    return lines
