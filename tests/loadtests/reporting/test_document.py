"""The JSON is read back exactly, and what is no report is refused with help."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.core.errors import UsageError
from lading.loadtests.reporting.document import ReportError, document, read_result
from lading.loadtests.result import LoadTest
from tests.loadtests.results import (
    Service,
    capacity_result,
    compared_result,
    plain_result,
    result_of,
)

SHORT = plain_result(seconds=3.0)


@pytest.mark.parametrize(
    "make",
    [
        plain_result,
        compared_result,
        capacity_result,
        lambda: plain_result(Service(failing={"503": 1.0}), seconds=3.0),
        lambda: result_of([], complete=False),
    ],
)
def test_a_result_is_read_back_exactly(make: Callable[[], LoadTest], tmp_path: Path) -> None:
    result = make()
    path = tmp_path / "report.json"
    path.write_bytes(document(result))
    assert read_result(path) == result
    assert document(read_result(path)) == document(result)


@settings(max_examples=50)
@given(st.text(), st.floats(allow_nan=False, allow_infinity=False, min_value=0))
def test_any_text_and_any_number_come_back(text: str, number: float) -> None:
    printable = text.encode(errors="ignore").decode()
    result = SHORT.model_copy(update={"seconds": number, "reasons": (printable,)})
    assert LoadTest.model_validate_json(document(result)) == result


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"{", "is not JSON", id="no JSON"),
        pytest.param(b"[]", "no report of a load test", id="another document"),
        pytest.param(b'{"format": 1}', "no report of a load test", id="another object"),
        pytest.param(b'{"format": 2, "steps": []}', "has the format 2, and this version reads 1", id="a newer one"),
        pytest.param(
            b'{"format": 1, "steps": []}', "is not a whole report of a load test: started", id="a part of one"
        ),
    ],
)
def test_what_is_no_report_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(ReportError) as caught:
        read_result(path)
    assert isinstance(caught.value, UsageError)
    assert words in str(caught.value)
    assert "report.json" in str(caught.value)


def test_a_report_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="No such file"):
        read_result(tmp_path / "report.json")


def test_it_is_json_for_anybody() -> None:
    found = orjson.loads(document(SHORT))
    assert found["verdict"] == SHORT.verdict
    assert found["candidate"]["digest"] == SHORT.candidate.digest
