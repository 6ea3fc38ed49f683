"""The standing of a replica: how far it has come in the plan, in a file beside its slot."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lading.bundles.records import Record
from lading.runtime.mirrored import Mirrored, Shadowed
from lading.runtime.serving.failures import Failure
from lading.runtime.serving.whole_file import put_whole
from lading.runtime.tallies import Key

SUFFIX = ".standing"


class Standing(Record):
    """What a replica answers with, and what it is ready for."""

    pid: int
    current: int
    """The number of what it answers with."""
    following: int | None = None
    """The number of what it has got ready for."""
    failed: int | None = None
    """The number of what it cannot get ready for."""
    failure: Failure | None = None
    """Why."""
    shadows: tuple[Shadowed, ...] = ()
    """What came of its shadows so far."""


def write_standing(slot: Path, standing: Standing) -> None:
    """Say how far the replica of the slot at ``slot`` is; the file appears whole."""
    put_whole(slot.with_suffix(SUFFIX), standing.model_dump_json().encode())


def remove_standing(slot: Path) -> None:
    """Take back what was said: the replica leaves as it was told to."""
    slot.with_suffix(SUFFIX).unlink(missing_ok=True)


def read_standings(folder: Path) -> Mapping[str, Standing]:
    """How far the replicas of the run folder ``folder`` are, by the names of their slots; of dead ones too."""
    found = {}
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):  # it left meanwhile
            found[path.stem] = Standing.model_validate_json(path.read_bytes())
    return found


def read_shadows(folder: Path) -> Mapping[Key, Mirrored]:
    """What came of each shadow in all replicas of the run folder ``folder`` together."""
    found: dict[Key, Mirrored] = {}
    for standing in read_standings(folder).values():
        for one in standing.shadows:
            key = Key(one.name, one.version, one.digest)
            found[key] = found.get(key, Mirrored()) + one.seen
    return found


def lives(pid: int) -> bool:
    """Whether a process of this number and of this user runs, as replicas are."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # a number that was free may be another user's by now
        return False
    return True
