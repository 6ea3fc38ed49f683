"""The document: a result as JSON, written for programs and read back as a baseline."""

from pathlib import Path

import orjson
from pydantic import ValidationError

from lading.bundles.manifest_reading import in_words
from lading.core.errors import UsageError
from lading.loadtests.result import LoadTest

FORMAT = 1
"""The version of the format that is written and read."""


class ReportError(UsageError):
    """A file is no report of a load test that this version can read."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path} {self.problem}; name the report.json that `lading loadtest` wrote"


def document(result: LoadTest) -> bytes:
    """The result as one line of JSON; the same result is the same bytes."""
    return result.model_dump_json().encode() + b"\n"


def read_result(path: Path) -> LoadTest:
    """The result that the report ``path`` holds, exactly as it was written; raises ``ReportError``."""
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ReportError(str(path), f"cannot be read: {error.strerror or error}") from error
    except orjson.JSONDecodeError as error:
        raise ReportError(str(path), f"is not JSON: {error}") from error
    if not isinstance(found, dict) or "format" not in found or "steps" not in found:
        raise ReportError(str(path), "is JSON, but no report of a load test")
    if found["format"] != FORMAT:
        raise ReportError(str(path), f"has the format {found['format']!r}, and this version reads {FORMAT}")
    try:
        return LoadTest.model_validate(found)
    except ValidationError as error:
        raise ReportError(str(path), f"is not a whole report of a load test: {in_words(error)}") from error
