"""docs/errors.md has the one table of errors, and every status that there is."""

import importlib
import re
from pathlib import Path

import pytest

from lading.runtime.errors import RequestError
from lading.runtime.protocols.error_table import MEANINGS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text()
ROWS = re.findall(r"^\| (\d{3}) \| (.*) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)


def kinds() -> set[type[RequestError]]:
    """Every kind of refusal, in every module of the runtime."""
    for path in (ROOT / "runtime").rglob("*.py"):
        if "class " in path.read_text() and "RequestError" in path.read_text():
            importlib.import_module(".".join(("lading", *path.relative_to(ROOT).with_suffix("").parts)))
    found, left = set(), [RequestError]
    while left:
        kind = left.pop()
        found.add(kind)
        left.extend(kind.__subclasses__())
    return found


def test_the_page_has_the_table() -> None:
    assert [(int(status), *rest) for status, *rest in ROWS] == [
        (status, *meaning) for status, meaning in MEANINGS.items()
    ]


@pytest.mark.parametrize("status", MEANINGS)
def test_every_status_is_explained(status: int) -> None:
    explained = PAGE.partition("## When")[2]
    assert re.search(rf"\*\*(\d+, )?{status}(, \d+)?\*\*", explained)


def test_every_refusal_has_a_status_of_the_table() -> None:
    found = kinds()
    assert len(found) > 20
    assert {kind.status for kind in found} <= MEANINGS.keys()


def test_the_pages_of_the_protocols_lead_there() -> None:
    for page in ("http-api.md", "grpc-api.md", "serving.md"):
        assert "(errors.md" in (ROOT / "docs" / page).read_text()
