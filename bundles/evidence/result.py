"""The result: whether a statement of a kind that can fail says that it did not."""

from collections.abc import Mapping

from pydantic import JsonValue

from lading.bundles.evidence.kinds import LOAD_TEST
from lading.core.errors import cut

PASSED = "PASSED"
FAILED = "FAILED"
RESULTS = (PASSED, "WARNED", FAILED)
"""What in-toto's test results can say."""
SHOWN = 5
"""Failed tests that a shortfall names."""
LONGEST = 60
"""Characters of a name of theirs that it repeats: strangers choose it."""


def shortfall(kind: str, predicate: Mapping[str, JsonValue]) -> str:
    """Why a statement of ``kind`` speaks against its bundle; empty where it does not.

    A load test speaks for a bundle where its ``result`` is PASSED and no test is among its ``failedTests``.
    """
    if kind != LOAD_TEST:
        return ""
    result, failed = predicate.get("result"), predicate.get("failedTests", [])
    if result == PASSED and failed == []:
        return ""
    named = _named(failed)
    if not isinstance(result, str):
        return "it does not say that it passed" + named
    return f"its result is {cut(result, LONGEST)}" + named


def _named(failed: JsonValue) -> str:
    names = [cut(name, LONGEST) for name in failed if isinstance(name, str)] if isinstance(failed, list) else []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f" (failed: {', '.join(names[:SHOWN])}{more})" if names else ""
