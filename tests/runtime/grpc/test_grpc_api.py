"""docs/grpc-api.md says what the server does: its example runs as it stands, and it knows every method and status."""

import re
from pathlib import Path

import pytest

from lading.runtime.app import Application
from lading.runtime.grpc.service import load_services
from lading.runtime.protocols.error_table import MEANINGS
from tests.runtime.grpc.conftest import Begin

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "grpc-api.md").read_text()
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_prints_what_it_says(begin: Begin, demo: Application, capsys: pytest.CaptureFixture[str]) -> None:
    target = begin(demo).target
    assert EXAMPLE.count("localhost:9000") == 1
    exec(EXAMPLE.replace("localhost:9000", target), {})
    (said,) = re.findall(r"^print\(.*\)  # (.*)$", EXAMPLE, re.MULTILINE)
    assert capsys.readouterr().out == f"{said}\n"


def test_every_service_and_method_is_documented(demo: Application) -> None:
    for service in load_services():
        assert f"`{service.name}`" in PAGE
        for method in service.methods(demo):
            assert f"`{method}`" in PAGE


@pytest.mark.parametrize("status", sorted({meaning.grpc for meaning in MEANINGS.values()}))
def test_every_status_is_documented(status: str) -> None:
    assert f"| {status} |" in PAGE
