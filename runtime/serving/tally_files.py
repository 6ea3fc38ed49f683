"""The files of tallies: what the replicas of a run folder have counted, for whoever holds no models."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lading.runtime.serving.counts_file import TALLIED, Line, read_lines
from lading.runtime.tallies import Counted, Key
from lading.runtime.tally import Tally


def read_ledgers(folder: Path) -> Mapping[str, Counted]:
    """The counts of the replicas of the run folder ``folder``, by the names of their slots; of those that are gone too."""
    return {path.stem: tallies_of(read_lines(path)) for path in sorted(folder.glob(f"*{TALLIED}"))}


def tallies_of(lines: Iterable[Line]) -> Counted:
    """What the lines of a file of tallies say."""
    return {Key(*(line.pop(part) for part in Key._fields)): Tally.read(line) for line in lines}
