"""A model that takes a known while, on real servers; and at the end, all that was measured."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.runtime.serving.conftest import Serving
from tests.runtime.serving.faults.open_loop import request
from tests.runtime.serving.faults.taking import PATH, body_that_takes


@pytest.fixture(scope="module")
def server(bundles: Mapping[str, Path], loops_bundle: Path) -> Iterator[Serving]:
    """A server with two replicas of a quick model and a slow one; the next module's tests get a fresh one."""
    serving = Serving([bundles["cells"], loops_bundle], "--replicas", "2")
    try:
        serving.ready()
        yield serving
    finally:
        serving.close()


@pytest.fixture(scope="session")
def slow_body() -> Callable[[Serving, float], bytes]:
    """Makes the body of a request for a server's model ``loops`` that takes about so many seconds of one processor."""

    return lambda serving, seconds: body_that_takes(f"http://127.0.0.1:{serving.port}", seconds)


@pytest.fixture(scope="session")
def taking(slow_body: Callable[[Serving, float], bytes]) -> Callable[[Serving, float], bytes]:
    """Makes the same, as a request."""
    return lambda serving, seconds: request(PATH, slow_body(serving, seconds))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the tests measured: all that they printed."""
    reports = [one for one in terminalreporter.getreports("passed") if "faults" in one.keywords and one.capstdout]
    if reports:
        terminalreporter.section("measured")
    for report in reports:
        name = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        terminalreporter.write_line(f"{name}:\n    {report.capstdout.strip()}")
