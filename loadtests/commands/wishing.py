"""What a command line asks of a load test, as a task; errors for what cannot be done."""

from pathlib import Path

from pydantic import ValidationError

from lading.bundles.manifest_reading import in_words
from lading.core.errors import UsageError, cut
from lading.loadtests.conducting.errors import NoBundleError
from lading.loadtests.conducting.search import HIGHEST, LOWEST
from lading.loadtests.conducting.task import Task
from lading.loadtests.judging.earlier import incomparable
from lading.loadtests.machine import this_machine
from lading.loadtests.plan import Plan, Share
from lading.loadtests.project import PlanError, Wishes
from lading.loadtests.reporting.document import read_result
from lading.loadtests.result import LoadTest

REGRESSION = 0.1
"""By how much a candidate may be slower than its baseline where nobody said it."""
SCHEMES = ("http://", "https://")


class RowsError(UsageError):
    """The mix of batch sizes is not written as one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return (
            f"{cut(self.text, 80)!r} is no mix of rows; write a number, as in --rows 32, or several with their weights, "
            "as in --rows 1:9,32:1"
        )


class IncomparableError(UsageError):
    """An earlier result says nothing of what is to be tested."""

    def __init__(self, path: str, reasons: tuple[str, ...]) -> None:
        super().__init__(path, reasons)
        self.path, self.reasons = path, reasons

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be the baseline: {'; '.join(self.reasons)}. Ask for the same, or name the bundle of the "
            "baseline, which is then measured in turns with this one"
        )


def mix(text: str) -> tuple[Share, ...]:
    """The mix of batch sizes that ``text`` writes; raises ``RowsError``.

    >>> [(share.rows, share.weight) for share in mix("1:9,32")]
    [(1, 9.0), (32, 1.0)]
    """
    found = []
    for part in text.split(","):
        rows, named, weight = part.partition(":")
        try:
            found.append(Share(rows=int(rows), weight=float(weight) if named else 1.0))
        except ValueError:
            raise RowsError(text) from None
    return tuple(found)


def is_url(target: str) -> bool:
    """Whether a target is the address of a server, and no bundle."""
    return target.startswith(SCHEMES)


def wished(**given: object) -> Wishes:
    """What a command line says, None where it says nothing; raises ``PlanError``."""
    try:
        return Wishes.model_validate(given)
    except ValidationError as error:
        raise PlanError(in_words(error)) from error


def within(said: Wishes, project: Wishes) -> Wishes:
    """What is ``said``, and what the project file has beside it.

    The baseline of a project is for load at a constant rate: another shape that is asked for leaves it out, with what is
    relative to it.
    """
    wishes = said.over(project)
    if wishes.shape in (None, "constant") or said.baseline is not None:
        return wishes
    absolute = None if wishes.slo is None else tuple(one for one in wishes.slo if not one.relative)
    slo = wishes.slo if said.slo is not None else absolute
    return wishes.model_copy(update={"baseline": None, "regression": said.regression, "slo": slo})


def planned(wishes: Wishes) -> tuple[Plan, LoadTest | None]:
    """The plan of ``wishes``, and the earlier result that is its baseline, if it is one.

    Raises ``PlanError``, ``ReportError`` and ``IncomparableError``.
    """
    compares = wishes.baseline is not None
    said = wishes
    if compares and wishes.regression is None and not any(one.relative for one in wishes.slo or ()):
        said = wishes.model_copy(update={"regression": REGRESSION})
    plan = said.plan()
    if plan.shape == "capacity" and not LOWEST <= plan.rate <= HIGHEST:
        raise PlanError(
            f"a search begins with a rate from {LOWEST:g} to {HIGHEST:,.0f} requests a second, and not with {plan.rate:g}"
        )
    if not compares and any(one.relative for one in plan.objectives):
        raise PlanError("an objective compares with a baseline, and none was named; add --baseline BUNDLE")
    if not compares and wishes.regression is not None:
        raise PlanError(
            "a regression is told by comparing with a baseline, and none was named; add --baseline BUNDLE, or leave the "
            "regression out"
        )
    if compares and plan.shape != "constant":
        raise PlanError(f"a baseline is compared at a constant rate, and the shape is {plan.shape}")
    if wishes.baseline is None or not wishes.baseline.endswith(".json"):
        return plan, None
    earlier = read_result(Path(wishes.baseline))
    if why := incomparable(earlier, plan, this_machine()):
        raise IncomparableError(wishes.baseline, why)
    return plan, earlier


def task_of(
    target: str, bundle: Path | None, wishes: Wishes, plan: Plan, earlier: LoadTest | None, **others: object
) -> Task:
    """The task; raises ``NoBundleError`` and ``PlanError``."""
    url = target.rstrip("/") if is_url(target) else None
    if url is not None and bundle is None:
        raise NoBundleError(url)
    baseline = None if wishes.baseline is None or earlier is not None else Path(wishes.baseline)
    task = Task.model_validate(
        {
            "bundle": bundle if url is not None else Path(target),
            "url": url,
            "baseline": baseline,
            "earlier": earlier,
            "plan": plan,
            **others,
        }
    )
    if url is not None and task.image is not None:
        raise PlanError("an image is for a bundle that is served here, and not for a URL")
    _check_used(task, bundle)
    if url is not None and baseline is not None and task.baseline_url is None:
        raise PlanError(
            "a server here is no baseline for one elsewhere; say with --baseline-url where the baseline runs"
        )
    return task


def _check_used(task: Task, bundle: Path | None) -> None:
    """See that every option says something of this test. Raises ``PlanError``."""
    of_url = {
        "--bundle": bundle,
        "--name": task.name,
        "--api-key": task.key_file,
        "--ca": task.authorities,
        "--metrics": task.metrics,
        "--baseline-url": task.baseline_url,
    }
    if task.url is None:
        if said := [name for name, value in of_url.items() if value is not None]:
            raise PlanError(f"{', '.join(said)}: of use with a URL, and the target is a bundle, which is served here")
    elif task.replicas is not None:
        raise PlanError("--replicas is for a bundle that is served here; a URL has the replicas that it has")
    elif task.baseline_url is not None and task.baseline is None:
        raise PlanError(
            "--baseline-url says where the baseline runs, and no bundle of it was named; add --baseline BUNDLE"
        )
