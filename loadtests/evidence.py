"""Evidence: what a load test came to, as a test result of in-toto that is bound to the bundle."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from lading.bundles.bundle import open_bundle
from lading.bundles.canonical import canonical_json
from lading.bundles.commands.attesting import attested
from lading.bundles.digest import digest_of
from lading.bundles.evidence.kinds import FIGURES, LOAD_TEST
from lading.bundles.evidence.result import FAILED, PASSED
from lading.bundles.records import Digest, FrozenMap, Record
from lading.core.errors import IntegrityError, LadingError, cut
from lading.core.settings import LIMITS, Limits
from lading.loadtests.judging.objective import QUANTILES
from lading.loadtests.judging.sample import counted, under_load
from lading.loadtests.measuring.latencies import together
from lading.loadtests.plan import Plan
from lading.loadtests.result import Capacity, Judged, LoadTest, Machine, Subject, Verdict

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

LONGEST = 200
"""Characters of a reason that evidence repeats; the report has all of it."""


class NoVerdictError(LadingError):
    """A load test came to nothing that could be said of its bundle."""

    def __init__(self, bundle: str, reasons: tuple[str, ...]) -> None:
        super().__init__(bundle, reasons)
        self.bundle, self.reasons = bundle, reasons

    def __str__(self) -> str:
        why = "; ".join(self.reasons)
        return f"the load test of {self.bundle} is no evidence: {why}. Mend that, and test it again"


class OtherBundleError(IntegrityError):
    """The bundle that evidence should be added to is not the one that was tested."""

    def __init__(self, path: str, found: str, tested: str) -> None:
        super().__init__(path, found, tested)
        self.path, self.found, self.tested = path, found, tested

    def __str__(self) -> str:
        return f"{self.path} is {self.found}, and {self.tested} was tested; test this one"


class Requests(Record):
    """What became of the requests under load, warm-up excluded."""

    due: int
    answered: int
    """Rightly; those that should be refused, and were, too."""
    failed: int
    seconds: FrozenMap[float]
    """Of those that were answered, rounds beside a baseline left out, from when each was due: ``p50`` to ``p99.9``, and
    ``mean``."""


class Figures(Record):
    """What a load test measured, as far as evidence keeps it: no seconds one by one, which the report has."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """Each of at most 200 characters, as those in ``judged``."""
    started: str
    """The time in UTC; nothing depends on it."""
    seconds: float
    plan: Plan
    candidate: Subject
    baseline: Subject | None
    machine: Machine
    judged: tuple[Judged, ...]
    requests: Requests
    capacity: Capacity | None
    report: Digest
    """Of the bytes of the JSON report, which has everything."""


def predicate_of(result: LoadTest, report_digest: str, url: str | None = None) -> Mapping[str, JsonValue]:
    """What evidence says of ``result``, whose JSON report has ``report_digest`` (``sha256:…``); ``url`` tells of the run.

    A predicate of in-toto's type ``test-result``, version 0.1, with Lading's figures as one further member, which is
    named by a URI as in-toto asks. It says PASSED where every objective was met, and FAILED where one was missed or
    left undecided: there is no word for undecided, and readers take WARNED for passed.

    Raises ``NoVerdictError`` where nothing can be said: there was no verdict, or nobody gave an objective.
    """
    tested = f"{result.candidate.name} {result.candidate.version}"
    if result.verdict == "none" or not result.complete:
        raise NoVerdictError(tested, result.reasons)
    if all(one.objective.implied for one in result.judged):
        raise NoVerdictError(tested, ("no objective was given, as in --slo p99=50ms",))
    met: list[JsonValue] = [str(one.objective) for one in result.judged if one.outcome == "met"]
    others: list[JsonValue] = [str(one.objective) for one in result.judged if one.outcome != "met"]
    plan: JsonValue = {
        "name": "plan",
        "digest": {"sha256": digest_of(canonical_json(result.plan)).removeprefix("sha256:")},
        "mediaType": "application/json",
    }
    return {
        "result": PASSED if result.verdict == "passed" and not others else FAILED,
        "configuration": [plan],
        **({} if url is None else {"url": url}),
        "passedTests": met,
        "warnedTests": [],
        "failedTests": others,
        FIGURES: _figures(result, report_digest).model_dump(mode="json", exclude_none=True),
    }


def attest(
    path: Path,
    result: LoadTest,
    report_digest: str,
    signers: Sequence["Signer"],
    url: str | None = None,
    limits: Limits = LIMITS,
) -> Mapping[str, object]:
    """Add what ``predicate_of`` says to the bundle at ``path``, signed by ``signers``; what was added to which bundle.

    Raises ``OtherBundleError`` where that is not what was tested, and what ``predicate_of`` and ``attested`` raise.
    """
    said = predicate_of(result, report_digest, url)
    with open_bundle(path, limits=limits) as bundle:
        if bundle.digest != result.candidate.digest:
            raise OtherBundleError(str(path), bundle.digest, result.candidate.digest)
    return attested(path, LOAD_TEST, said, signers, limits)


def _figures(result: LoadTest, report_digest: str) -> Figures:
    return Figures(
        verdict=result.verdict,
        reasons=tuple(cut(reason, LONGEST) for reason in result.reasons),
        started=result.started,
        seconds=result.seconds,
        plan=result.plan,
        candidate=result.candidate,
        baseline=result.baseline,
        machine=result.machine,
        judged=tuple(_short(one) for one in result.judged),
        requests=_requests(result),
        capacity=result.capacity,
        report=report_digest,
    )


def _short(judged: Judged) -> Judged:
    """The same, with less of its reason, and without numbers that JSON has no form for."""
    measured, interval = judged.measured, judged.interval
    finite = {
        "measured": measured if measured is not None and math.isfinite(measured) else None,
        "interval": interval if interval is not None and all(map(math.isfinite, interval)) else None,
    }
    return judged.model_copy(update={**finite, "why": cut(judged.why, LONGEST)})


def _requests(result: LoadTest) -> Requests:
    steps = counted(result.steps, "candidate", result.capacity)
    latencies = together(step.latencies for step in under_load(result.steps, "candidate", result.capacity))
    found = {name: latencies.quantile(share) for name, share in QUANTILES.items()} | {"mean": latencies.mean}
    windows = [window for step in steps for window in step.windows]
    return Requests(
        due=sum(step.due for step in steps),
        answered=sum(window.latencies.count for window in windows),
        failed=sum(step.failed for step in steps),
        seconds={name: value for name, value in found.items() if value is not None},
    )
