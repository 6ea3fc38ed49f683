"""The server: what it makes of what its engine reports."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from lading.core.settings import Settings
from lading.runtime.serving.engine_process import EngineError
from lading.runtime.serving.orders import Report
from lading.runtime.serving.server import Server
from lading.runtime.serving.voice import Voice

STARTING = Report(kind="progress", text="starting 2 replicas")
ANSWER = Report(kind="outcome", text="fresh replicas answer: 2")
ENDED = Report(kind="failed", text="its raylet ended")


@pytest.mark.parametrize(
    ("reports", "missed"),
    [pytest.param([STARTING], False, id="progress"), pytest.param([STARTING, ANSWER], True, id="outcome")],
)
def test_a_replica_is_not_missed_until_the_engine_says_what_came_of_its_order(
    reports: Sequence[Report], missed: bool
) -> None:
    said: list[str] = []
    server = Server([], Settings(replicas=2), Voice(said.append), lambda _: None)
    coming = iter([*reports, ENDED])

    async def report() -> Report:
        return next(coming)

    engine: Any = SimpleNamespace(report=report)
    server._headcount.begin_change()
    with pytest.raises(EngineError):
        asyncio.run(server._hear(engine))
    for found in (2, 1, 1):
        server._headcount.look(found)
    assert any("a replica ended" in line for line in said) is missed
