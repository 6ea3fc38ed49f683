"""The standing of a replica: how far it has come in the plan, in a file beside its slot."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import Field

from lading.bundles.records import FrozenMap, Record
from lading.runtime.mirrored import Mirrored
from lading.runtime.serving.failures import Failure
from lading.runtime.serving.whole_file import put_whole

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
    shadows: FrozenMap[Mirrored] = Field(default_factory=dict)
    """What came of its shadows so far, by the names of their models."""


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


def lives(pid: int) -> bool:
    """Whether a process of this number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
