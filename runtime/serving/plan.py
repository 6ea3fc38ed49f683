"""The plan: what every replica of a server answers with now, and what it is to get ready for, in the run folder."""

from pathlib import Path

from lading.bundles.records import Record
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.whole_file import put_whole

FILE = "plan.json"


class Plan(Record):
    """What is, and what may come."""

    current: Desired
    following: Desired | None = None
    """What replicas load and prove beside ``current``, and do not answer with before it is."""
    over: bool = False
    """Whether nothing is asked any more: replicas write what waits to be written, and stand nowhere."""


def write_plan(folder: Path, plan: Plan) -> None:
    """Have the replicas of the run folder ``folder`` go by ``plan``; it appears whole."""
    put_whole(folder / FILE, plan.model_dump_json().encode())


class PlanReader:
    """Reads the plan of the run folder ``folder``, once for each time that it was written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._seen: tuple[int, int] | None = None

    def fresh(self) -> Plan | None:
        """The plan, where it is not the one of the last call."""
        found = self._path.stat()
        if (seen := (found.st_ino, found.st_mtime_ns)) == self._seen:
            return None
        self._seen = seen
        return Plan.model_validate_json(self._path.read_bytes())
