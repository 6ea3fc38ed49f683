"""JUnit's XML has the form that CI systems read, and a test case for each objective."""

from collections.abc import Callable
from xml.etree.ElementTree import Element, fromstring

import pytest

from lading.loadtests.measuring.step import INTERRUPTED
from lading.loadtests.reporting.junit import junit
from lading.loadtests.result import LoadTest
from tests.loadtests.results import CANDIDATE, Service, compared_result, plain_result, result_of

FORM: dict[str, tuple[set[str], set[str], tuple[str, ...]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, ("testsuite",)),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"time", "skipped", "timestamp", "hostname", "id"},
        ("properties", "testcase", "system-out", "system-err"),
    ),
    "properties": (set(), set(), ("property",)),
    "property": ({"name", "value"}, set(), ()),
    "testcase": ({"name"}, {"time", "classname"}, ("skipped", "error", "failure", "system-out", "system-err")),
    "failure": (set(), {"message", "type"}, ()),
    "error": (set(), {"message", "type"}, ()),
    "system-out": (set(), set(), ()),
}
"""Attributes that an element must have and those that it may, and its children: the schema of Jenkins' xUnit plugin."""

RESULTS: dict[str, Callable[[], LoadTest]] = {
    "passed": plain_result,
    "failed": lambda: plain_result(Service(failing={"503": 0.02})),
    "compared": lambda: compared_result(1.2),
    "undecided": lambda: plain_result(seconds=1.0),
    "no answers": lambda: plain_result(Service(failing={"503": 1.0}), seconds=5.0),
    "interrupted": lambda: interrupted(),
    "nothing": lambda: result_of([], complete=False),
}


def interrupted() -> LoadTest:
    """A load test that somebody broke off."""
    steps = plain_result(seconds=5.0).steps
    return result_of([*steps[:-1], steps[-1].model_copy(update={"ended": INTERRUPTED})], complete=False)


def complaints(element: Element) -> list[str]:
    """Where an element is not as ``FORM`` has it."""
    needed, allowed, children = FORM[element.tag]
    found = [f"{element.tag} lacks {name}" for name in needed - set(element.attrib)]
    found += [f"{element.tag} has {name}" for name in set(element.attrib) - needed - allowed]
    for child in element:
        found += complaints(child) if child.tag in children else [f"{child.tag} in {element.tag}"]
    return found


@pytest.mark.parametrize("name", list(RESULTS))
def test_the_form_is_that_of_the_schema(name: str) -> None:
    root = fromstring(junit(RESULTS[name]()))
    assert complaints(root) == []
    (suite,) = root
    cases = suite.findall("testcase")
    assert suite.attrib["tests"] == str(len(cases))
    assert suite.attrib["failures"] == str(len(suite.findall("testcase/failure")))
    assert suite.attrib["errors"] == str(len(suite.findall("testcase/error")))


@pytest.mark.parametrize("name", list(RESULTS))
def test_it_is_green_only_where_the_verdict_is(name: str) -> None:
    result = RESULTS[name]()
    root = fromstring(junit(result))
    red = root.findall(".//failure") + root.findall(".//error")
    assert (not red) is (result.verdict == "passed")
    assert bool(root.findall(".//failure")) is (result.verdict == "failed")


def test_each_objective_is_a_case_with_its_figures() -> None:
    result = RESULTS["failed"]()
    cases = {case.attrib["name"]: case for case in fromstring(junit(result)).iter("testcase")}
    assert list(cases) == ["p50=10ms", "p99=50ms", "errors=0.1%", "rps=200"]
    failure = cases["errors=0.1%"].find("failure")
    assert failure is not None
    assert "≤ 0.1 % wanted" in failure.attrib["message"]
    assert "requests failed" in str(failure.text)
    assert "interval at 99 %" in str(cases["p99=50ms"].findtext("system-out"))


def test_no_text_breaks_it() -> None:
    hostile = '<&>"\x00\x1b]]>\ud7ff\ufffe'
    result = plain_result(seconds=1.0)
    odd = CANDIDATE.model_copy(update={"name": hostile, "target": hostile})
    root = fromstring(junit(result.model_copy(update={"candidate": odd, "reasons": (hostile,)})))
    assert "\\x00" in root[0].attrib["name"]
    assert complaints(root) == []
