"""Carrying out a task: progress while it runs, the reports, the evidence, and the exit code."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lading.bundles.digest import digest_of
from lading.core.console import print_alert, print_json, print_lines, print_text
from lading.core.settings import Settings
from lading.loadtests.commands.progress import Progress
from lading.loadtests.conducting.load_test import run
from lading.loadtests.conducting.task import Task
from lading.loadtests.evidence import NoVerdictError, attest
from lading.loadtests.measuring.step import INTERRUPTED
from lading.loadtests.reporting.document import document
from lading.loadtests.reporting.folder import check_writable, write_reports
from lading.loadtests.reporting.terminal import print_result
from lading.loadtests.result import LoadTest

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

NOT_PASSED = 1
WAS_INTERRUPTED = 130


def carry_out(
    task: Task,
    settings: Settings,
    folder: Path | None,
    signers: Sequence["Signer"],
    run_url: str | None,
    json: bool,
) -> int:
    """Run the load test, tell what came of it, and write it down; the exit code. The evidence names ``run_url``.

    Raises what ``check_writable``, ``run`` and ``write_reports`` raise.
    """
    check_writable(Path() if folder is None else folder)
    with Progress(task.plan) as progress:
        result = run(task, settings, progress, progress.tell)
    place = Path(f"{result.candidate.name}-{result.candidate.version}-loadtest") if folder is None else folder
    try:
        written = write_reports(result, place)
        added = _evidence(task, result, signers, run_url, settings)
    finally:
        if not json:
            print_result(result)
    _tell(result, written, added, json)
    return _code(result)


def _evidence(
    task: Task, result: LoadTest, signers: Sequence["Signer"], run_url: str | None, settings: Settings
) -> Mapping[str, object] | None:
    """What was added to the bundle, where somebody signs and there is something to sign."""
    if not signers:
        return None
    try:
        return attest(task.bundle, result, digest_of(document(result)), signers, run_url, settings)
    except NoVerdictError as error:
        print_alert(str(error))
        return None


def _tell(result: LoadTest, written: Sequence[Path], added: Mapping[str, object] | None, json: bool) -> None:
    if json:
        print_json(
            {
                "verdict": result.verdict,
                "reasons": list(result.reasons),
                "complete": result.complete,
                "candidate": result.candidate.model_dump(mode="json"),
                "judged": [one.model_dump(mode="json") for one in result.judged],
                "capacity": None if result.capacity is None else result.capacity.model_dump(mode="json"),
                "reports": [str(path) for path in written],
                "evidence": None if added is None else dict(added),
            }
        )
        return
    print_text("")
    print_lines(("report", str(path)) for path in written)
    if added is not None:
        print_lines([("evidence", f"{added['file']} added to {added['path']}")])


def _code(result: LoadTest) -> int:
    if any(step.ended == INTERRUPTED for step in result.steps):
        return WAS_INTERRUPTED
    return 0 if result.verdict == "passed" else NOT_PASSED
