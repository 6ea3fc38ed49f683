"""Evidence of a load test: what it says of each verdict, of which bundle, and that it stays small."""

import json
from pathlib import Path
from typing import Any

import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.canonical import canonical_json
from lading.bundles.digest import digest_of
from lading.bundles.draft import write_bundle
from lading.bundles.evidence.files import LARGEST
from lading.bundles.evidence.kinds import FIGURES, kind_of
from lading.bundles.evidence.result import shortfall
from lading.bundles.evidence.statement import read_statement
from lading.bundles.signing.envelope import read_envelope
from lading.core.errors import IntegrityError
from lading.loadtests.evidence import NoVerdictError, OtherBundleError, attest, predicate_of
from lading.loadtests.judging.judgement import judge
from lading.loadtests.plan import Plan
from lading.loadtests.result import Judged, LoadTest
from tests.loadtests.outcomes import ERRORS, REPORT, SLOW, outcome, step
from tests.runtime.drafts import coins
from tests.signatures import everybody


@pytest.mark.parametrize(
    ("result", "passed", "failed", "says"),
    [
        pytest.param(outcome("passed"), ["p99=50ms", "errors=0.1%"], [], "PASSED", id="passed"),
        pytest.param(outcome("failed"), ["errors=0.1%"], ["p99=50ms"], "FAILED", id="failed"),
        pytest.param(outcome("undecided"), ["errors=0.1%"], ["p99=50ms"], "FAILED", id="undecided is not passed"),
        pytest.param(
            outcome("failed", judged=(Judged(objective=ERRORS, outcome="met"),)),
            ["errors=0.1%"],
            [],
            "FAILED",
            id="the verdict counts",
        ),
        pytest.param(
            outcome("passed", judged=(Judged(objective=SLOW, outcome="missed"),)),
            [],
            ["p99=50ms"],
            "FAILED",
            id="and so does every objective",
        ),
    ],
)
def test_what_each_verdict_says(result: LoadTest, passed: list[str], failed: list[str], says: str) -> None:
    said = predicate_of(result, REPORT)
    assert (said["result"], said["passedTests"], said["failedTests"]) == (says, passed, failed)
    assert kind_of("https://in-toto.io/attestation/test-result/v0.1", said) == "load-test"
    assert (shortfall("load-test", said) == "") is (says == "PASSED")


@pytest.mark.parametrize(
    "result",
    [
        outcome("none", reasons=("the load generator was the limit",)),
        outcome("passed", complete=False),
        outcome("passed", judged=judge((), outcome().steps, 0.99)),
    ],
    ids=["no verdict", "not ended", "no objective but the implied one"],
)
def test_what_says_nothing_is_no_evidence(result: LoadTest) -> None:
    with pytest.raises(NoVerdictError, match=r"coins 1\.0\.0 is no evidence"):
        predicate_of(result, REPORT)


def test_it_holds_the_plan_the_figures_and_the_reports_digest() -> None:
    said: Any = predicate_of(outcome(), REPORT, "https://ci.example.org/runs/1")
    figures = said[FIGURES]
    assert said["url"] == "https://ci.example.org/runs/1"
    assert Plan.model_validate(figures["plan"]) == outcome().plan
    assert said["configuration"][0]["digest"]["sha256"] == digest_of(canonical_json(figures["plan"]))[7:]
    assert figures["report"] == REPORT
    assert figures["judged"][0]["measured"] == 0.042
    requests = figures["requests"]
    assert (requests["due"], requests["answered"], requests["failed"]) == (300, 297, 3)
    assert requests["seconds"]["p50"] == pytest.approx(0.01, rel=0.02)
    assert requests["seconds"]["p99.9"] == pytest.approx(1.0, rel=0.02)


def test_an_hour_of_seconds_is_as_small_as_three() -> None:
    long = outcome(steps=(step(3600),), reasons=("why " * 10_000,))
    assert len(canonical_json(dict(predicate_of(long, REPORT)))) < 4000


def test_what_json_has_no_number_for_is_left_out() -> None:
    endless = Judged(objective=SLOW, outcome="missed", measured=float("inf"), interval=(0.0, float("inf")))
    said: Any = predicate_of(outcome("failed", judged=(endless,)), REPORT)
    canonical_json(said)
    assert said[FIGURES]["judged"][0].keys() == {"objective", "outcome", "why"}


def test_it_is_added_to_the_bundle_that_was_tested_and_to_no_other(tmp_path: Path) -> None:
    path, signer = tmp_path / "coins.lading", everybody().signers["release"]
    digest = write_bundle(coins(), path)
    with pytest.raises(OtherBundleError, match="was tested") as caught:
        attest(path, outcome(), REPORT, [signer])
    assert isinstance(caught.value, IntegrityError)
    added = attest(path, outcome(digest=digest), REPORT, [signer])
    with open_bundle(path) as bundle:
        assert bundle.digest == digest
        data = bundle.evidence()[str(added["file"])]
    assert len(data) < LARGEST
    statement = read_statement(read_envelope(data).payload)
    assert statement.is_about(digest)
    assert statement.predicate == json.loads(canonical_json(dict(predicate_of(outcome(digest=digest), REPORT))))
