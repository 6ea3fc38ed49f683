"""The ledger: the counts of a slot's replica in files, so that whichever replica is asked can sum those of all."""

from collections.abc import Sequence
from threading import Event, Thread

from lading.runtime.drift import observations
from lading.runtime.drift.counts import Counts
from lading.runtime.drift.drift import drift_of
from lading.runtime.drift.observations import Observations
from lading.runtime.model import Model
from lading.runtime.serving.counts_file import OBSERVED, TALLIED, CountsFile, Line
from lading.runtime.serving.slots import Slot
from lading.runtime.serving.tally_files import tallies_of
from lading.runtime.tallies import Counted, Tallies

WRITE_SECONDS = 0.25
"""How often the file of tallies is brought up to date while something is counted."""

OBSERVE, SHARE = 4, 20
"""After how many times what was handed over of the requests is counted, and the file of that brought up to date."""


class Ledger:
    """The counts of the replica that holds ``slot``; they go on from those of the replica that held it before."""

    def __init__(self, slot: Slot) -> None:
        self._tallied = CountsFile(slot.path, TALLIED, "the counts of predictions")
        self._observed = CountsFile(slot.path, OBSERVED, "the counts of what is asked")
        tallied, observed = self._tallied, self._observed
        self.tallies = Tallies(_kept(tallied.read()), lambda: map(tallies_of, tallied.others()))
        self.observations = Observations(_counts(observed.read()), lambda: map(_counts, observed.others()))
        self._closed = Event()
        self._thread = Thread(target=self._keep, name="lading-ledger", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write the last counts, and no more."""
        self._closed.set()
        self._thread.join()

    def _keep(self) -> None:
        times = 0
        while not self._closed.wait(WRITE_SECONDS):
            times += 1
            self._write_tallies()
            if times % SHARE == 0:
                self._write_observations()
            elif times % OBSERVE == 0:
                self.observations.own()
        self._write_tallies()
        self._write_observations()

    def _write_tallies(self) -> None:
        """Write what was counted since the last time, if anything was."""
        own = dict(self.tallies.own)
        counted = {key: (tally.succeeded, tally.failed, tally.in_flight, tally.unlogged) for key, tally in own.items()}
        if counted and not self._tallied.is_fresh(counted):
            self._tallied.write([{**key._asdict(), **tally.document()} for key, tally in own.items()], counted)

    def _write_observations(self) -> None:
        """Count what was handed over, and write it, if it was anything, with what all replicas together show.

        It is written anew when another replica has counted, too: two that write at once do not see each other's counts.
        """
        counted = list(self.observations.all())
        state = {(model.name, model.digest): (own.rows, total.rows) for model, own, total in counted}
        if any(own.rows for _, own, _ in counted) and not self._observed.is_fresh(state):
            self._observed.write([_line(*one) for one in counted], state)


def _line(model: Model, own: Counts, total: Counts) -> Line:
    drift = drift_of(model.observed, total).document()
    return {"name": model.name, "version": model.version, "digest": model.digest, **own.document(), "drift": drift}


def _kept(lines: Sequence[Line]) -> Counted:
    """What the replica that held the slot before had counted; whatever was under way with it is not any more."""
    kept = tallies_of(lines)
    for tally in kept.values():
        tally.in_flight = 0
    return kept


def _counts(lines: Sequence[Line]) -> observations.Counted:
    return {(line["name"], line["digest"]): Counts.read(line) for line in lines}
