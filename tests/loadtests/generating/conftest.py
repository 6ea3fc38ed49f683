"""A server that answers rightly what a crew asks, until it is told to misbehave, and such a crew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lading.bundles.bundle import Bundle
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.crew import Crew
from lading.loadtests.payloads.pool import draw_requests
from lading.loadtests.payloads.request import Answer
from lading.loadtests.plan import Share, Traffic
from tests.loadtests.conftest import Ask
from tests.loadtests.serving import Asked, RightServer, right_answers

MODEL = "readings"
TRAFFIC = Traffic(
    protocols=("v2", "named", "v2-binary"), rows=(Share(rows=1), Share(rows=4)), invalid=0.1, timeout=10, users=8
)
HASTY = TRAFFIC.model_copy(update={"timeout": 0.5})
"""The same, for a server that does not answer in time: what a stall of the machine might do to another's answer."""


@pytest.fixture(scope="session")
def answers(opened: dict[str, Bundle], ask: Ask) -> dict[Asked, Answer]:
    """What a right server answers to every request of ``TRAFFIC``, and of traffic as it is by default."""
    requests = [one for traffic in (TRAFFIC, Traffic()) for one in draw_requests(opened[MODEL], MODEL, traffic)]
    return right_answers(requests, ask)


@pytest.fixture
def server(answers: dict[Asked, Answer]) -> Iterator[RightServer]:
    """A server of its own for each test."""
    with RightServer(answers) as server:
        yield server


@pytest.fixture(scope="module")
def shared(answers: dict[Asked, Answer]) -> Iterator[RightServer]:
    """One for the crew of a module; it misbehaves for as long as a test says."""
    with RightServer(answers) as server:
        yield server


@pytest.fixture(scope="module")
def crew(bundle_paths: dict[str, Path], shared: RightServer) -> Iterator[Crew]:
    """Two processes with four users each."""
    with Crew(bundle_paths[MODEL], Endpoint(url=shared.url, deployment=MODEL), TRAFFIC, processes=2) as crew:
        yield crew


@pytest.fixture(scope="module")
def hasty(bundle_paths: dict[str, Path], shared: RightServer) -> Iterator[Crew]:
    """The same, who wait for no answer longer than half a second."""
    with Crew(bundle_paths[MODEL], Endpoint(url=shared.url, deployment=MODEL), HASTY, processes=2) as crew:
        yield crew
