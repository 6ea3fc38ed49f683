"""The ledger: the counts of a slot's replica in a file, so that whichever replica is asked can sum those of all."""

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Event, Thread

import orjson

from lading.runtime.serving.slots import Slot
from lading.runtime.tallies import Counted, Key, Tallies
from lading.runtime.tally import Tally

LOG = logging.getLogger("lading.runtime")

SUFFIX = ".tally"
WRITE_SECONDS = 0.25
"""How often the file is brought up to date while something is counted."""


class Ledger:
    """The counts of the replica that holds ``slot``; they go on from those of the replica that held it before."""

    def __init__(self, slot: Slot) -> None:
        self._path = slot.path.with_suffix(SUFFIX)
        kept = _read(self._path)
        for tally in kept.values():
            tally.in_flight = 0  # whatever was under way is not any more
        self.tallies = Tallies(kept, self._others)
        self._written: Mapping[Key, tuple[int, ...]] = {}
        self._full = False
        self._closed = Event()
        self._thread = Thread(target=self._keep, name="lading-ledger", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write the last counts, and no more."""
        self._closed.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._closed.wait(WRITE_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        """Write what was counted since the last time, if anything was."""
        own = dict(self.tallies.own)
        counted = {key: (tally.succeeded, tally.failed, tally.in_flight, tally.unlogged) for key, tally in own.items()}
        if counted == self._written:
            return
        lines = [{**key._asdict(), **tally.document()} for key, tally in own.items()]
        fresh = self._path.with_suffix(SUFFIX + "~")
        try:
            fresh.write_bytes(orjson.dumps(lines))
            os.replace(fresh, self._path)
        except OSError as error:
            if not self._full:
                LOG.warning("the counts of predictions cannot be shared among replicas: %s", error)
            self._full = True
        else:
            self._written, self._full = counted, False

    def _others(self) -> Iterable[Counted]:
        paths = sorted(self._path.parent.glob(f"*{SUFFIX}"))
        return [_read(path) for path in paths if path != self._path]


def read_ledgers(folder: Path) -> Mapping[str, Counted]:
    """The counts of the replicas of the run folder ``folder``, by the names of their slots; of those that are gone too."""
    return {path.stem: _read(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}


def _read(path: Path) -> Counted:
    """What the file at ``path`` says; nothing where there is none."""
    try:
        lines = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return {Key(*(line.pop(part) for part in Key._fields)): Tally.read(line) for line in lines}
