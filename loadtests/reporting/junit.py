"""JUnit: a result as the XML that CI systems show, one test case for each objective.

Elements, attributes and their order are those of the schema that Jenkins' xUnit plugin publishes (junit-10.xsd).
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from lading.core.console import printable
from lading.loadtests.judging.phrases import bound_in_words, in_words, interval_in_words
from lading.loadtests.result import Judged, LoadTest


def junit(result: LoadTest) -> bytes:
    """The XML: a failure for what was missed, an error for what could not be decided."""
    cases = [_case(result, one) for one in result.judged]
    if result.verdict == "none" or not result.complete or (result.verdict == "failed" and not _missed(result)):
        cases.append(_whole(result))
    suite = Element("testsuite", _suite(result, cases))
    _properties(suite, result)
    suite.extend(cases)
    suites = Element("testsuites", {"name": "lading loadtest"})
    suites.append(suite)
    indent(suites)
    found: bytes = tostring(suites, encoding="utf-8", xml_declaration=True)
    return found + b"\n"


def _missed(result: LoadTest) -> bool:
    return any(one.outcome == "missed" for one in result.judged)


def _suite(result: LoadTest, cases: list[Element]) -> dict[str, str]:
    return {
        "name": _text(f"{result.candidate.name} {result.candidate.version}"),
        "timestamp": result.started.removesuffix("Z"),
        "time": f"{result.seconds:.3f}",
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
        "skipped": "0",
    }


def _properties(suite: Element, result: LoadTest) -> None:
    properties = SubElement(suite, "properties")
    facts = {
        "bundle.digest": result.candidate.digest,
        "target": result.candidate.target,
        "baseline.digest": None if result.baseline is None else result.baseline.digest,
        "verdict": result.verdict,
        "complete": str(result.complete).lower(),
    }
    for name, value in facts.items():
        if value is not None:
            SubElement(properties, "property", {"name": name, "value": _text(value)})


def _case(result: LoadTest, judged: Judged) -> Element:
    case = Element("testcase", _named(result, str(judged.objective)))
    found = "nothing" if judged.measured is None else in_words(judged.objective, judged.measured)
    message = f"{found} measured, {bound_in_words(judged.objective)} wanted"
    if judged.outcome != "met":
        kind = "failure" if judged.outcome == "missed" else "error"
        why = SubElement(case, kind, {"message": _text(message), "type": judged.outcome})
        why.text = _text(judged.why)
    said = [message, judged.why]
    if interval := interval_in_words(judged.objective, judged.interval):
        said.insert(1, f"interval at {100 * result.plan.confidence:g} %: {interval}")
    SubElement(case, "system-out").text = _text("\n".join(line for line in said if line))
    return case


def _whole(result: LoadTest) -> Element:
    """The test case of the load test itself, where no objective tells what came of it."""
    case = Element("testcase", _named(result, "load test"))
    reasons = "\n".join(result.reasons)
    if result.verdict != "passed":
        kind = "failure" if result.verdict == "failed" else "error"
        message = result.reasons[0] if result.reasons else f"the verdict is {result.verdict}"
        SubElement(case, kind, {"message": _text(message), "type": result.verdict}).text = _text(reasons)
    SubElement(case, "system-out").text = _text(reasons)
    return case


def _named(result: LoadTest, name: str) -> dict[str, str]:
    classname = f"lading.loadtest.{result.candidate.name}".replace(" ", "_")
    return {"classname": _text(classname), "name": name, "time": f"{result.seconds:.3f}"}


def _text(text: str) -> str:
    """Text without what XML cannot hold."""
    return printable(text)
