"""Every case asked once, which takes a minute or two; the tests then look at what came of it."""

import os
import time
from pathlib import Path

import pytest

from tests.onnx_cases.asking import Outcome, ask_library
from tests.onnx_cases.cases import Case, read_cases


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    """The cases of the wheel that the environment names."""
    wheel = os.environ.get("ONNX_CASES")
    assert wheel, "scripts/test-cases fetches the wheel with the cases and says where it is"
    return list(read_cases(Path(wheel)))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bundles are, each named by its case's number."""
    return tmp_path_factory.mktemp("cases")


@pytest.fixture(scope="session")
def outcomes(cases: list[Case], folder: Path, request: pytest.FixtureRequest) -> list[Outcome]:
    """What came of each."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    started, found = time.monotonic(), []
    for number, case in enumerate(cases):
        if number % 200 == 0:
            with capture.global_and_fixture_disabled():
                print(f"\n{number:5} of {len(cases)} cases asked, {time.monotonic() - started:.0f} s", end="")
        found.append(ask_library(case, folder / f"case-{number:04}.lading"))
    return found
