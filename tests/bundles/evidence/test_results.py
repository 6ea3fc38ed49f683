"""Kinds and results: which statement is a load test's, and which of them speak for a bundle."""

from typing import Any

import pytest

from lading.bundles.evidence.kinds import FIGURES, PREDICATE_TYPES, Kind, kind_of
from lading.bundles.evidence.result import shortfall
from tests.signatures import load_result

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"


@pytest.mark.parametrize(
    ("uri", "predicate", "kind"),
    [
        pytest.param(TEST_RESULT, load_result(), "load-test", id="a load test"),
        pytest.param(TEST_RESULT, {"result": "PASSED"}, None, id="a test of something else"),
        pytest.param(TEST_RESULT, {"result": "PASSED", FIGURES: "yes"}, None, id="no figures"),
        pytest.param("urn:lading:load-test:v1", {}, "load-test", id="as it was before"),
        pytest.param("urn:lading:release:v1", {}, "release", id="a release"),
        pytest.param("https://example.org/other", {FIGURES: {}}, None, id="another type"),
    ],
)
def test_what_a_statement_is_about(uri: str, predicate: dict[str, Any], kind: Kind | None) -> None:
    assert kind_of(uri, predicate) == kind


def test_each_kind_is_known_by_its_type() -> None:
    assert {kind_of(uri, load_result()) for uri in PREDICATE_TYPES.values()} == PREDICATE_TYPES.keys()


@pytest.mark.parametrize(
    ("predicate", "why"),
    [
        (load_result(), ""),
        ({"result": "PASSED"}, ""),
        (load_result("FAILED"), "its result is FAILED"),
        (load_result("FAILED", "p99<=50ms", "errors<=1%"), "its result is FAILED (failed: p99<=50ms, errors<=1%)"),
        (load_result("WARNED"), "its result is WARNED"),
        (load_result("passed"), "its result is passed"),
        (load_result("PASSED", "rps>=5"), "its result is PASSED (failed: rps>=5)"),
        ({"result": "PASSED", "failedTests": "none"}, "its result is PASSED"),
        ({"result": True}, "it does not say that it passed"),
        ({}, "it does not say that it passed"),
    ],
)
def test_only_what_passed_in_all_speaks_for_a_bundle(predicate: dict[str, Any], why: str) -> None:
    assert shortfall("load-test", predicate) == why


def test_what_strangers_wrote_is_repeated_in_part() -> None:
    assert len(shortfall("load-test", load_result("FAILED" * 100, *["long" * 1000] * 1000))) < 500


def test_other_kinds_cannot_fail() -> None:
    assert shortfall("sign-off", {"result": "FAILED"}) == ""
