"""Carrying out a task: progress while it runs, the reports, the evidence, and the exit code."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lading.bundles.commands.attesting import attested
from lading.core.console import print_alert, print_json, print_text
from lading.core.settings import Settings
from lading.loadtests.conducting.load_test import run
from lading.loadtests.conducting.task import Task
from lading.loadtests.evidence import predicate_of
from lading.loadtests.measuring.step import INTERRUPTED
from lading.loadtests.reporting.board import Board
from lading.loadtests.reporting.table import print_result
from lading.loadtests.reporting.writing import write_reports
from lading.loadtests.result import LoadTest

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

NOT_PASSED = 1
WAS_INTERRUPTED = 130


def carry_out(
    task: Task,
    earlier: LoadTest | None,
    settings: Settings,
    folder: Path | None,
    signers: Sequence["Signer"],
    json: bool,
) -> int:
    """Run the load test and tell what came of it; the exit code."""
    with Board(task.plan) as board:
        result = run(task, settings, board, board.tell)
    if earlier is not None:
        result = result.model_copy(update={"baseline": _told(earlier)})
    candidate = result.candidate
    place = Path(f"{candidate.name}-{candidate.version}-loadtest") if folder is None else folder
    written = write_reports(result, place)
    evidence = None
    if signers and result.complete:
        evidence = attested(task.bundle, "load-test", predicate_of(result, written.digest), signers, settings)
    ...
