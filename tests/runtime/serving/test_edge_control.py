"""The edge's control: what HAProxy says is believed once it says something, and tells who may be asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lading.core.settings import Settings
from lading.runtime.serving.edge import Edge
from lading.runtime.serving.edge_configuration import BACKEND
from lading.runtime.serving.edge_counts import edge_counts
from lading.runtime.serving.edge_limits import edge_limits


@asynccontextmanager
async def saying(folder: Path, *said: str) -> AsyncIterator[Edge]:
    """An edge of four slots whose HAProxy answers each command with the next of ``said``."""
    coming = iter(said)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(next(coming).encode())
        writer.close()

    run: Any = SimpleNamespace(path=folder)
    listeners: Any = None
    edge = Edge(run, listeners, edge_limits(Settings()), 4)
    async with await asyncio.start_unix_server(answer, edge.control.path):
        yield edge


def test_an_empty_answer_is_one(base: Path) -> None:
    async def asked() -> str:
        async with saying(base, "\n") as edge:
            return await edge.control.ask("commit map @1 keys")

    assert asyncio.run(asked()) == ""


@pytest.mark.parametrize("said", [[""], ["\n"], ["# pxname,svname,status\n\n"]])
def test_statistics_of_nothing_are_none(base: Path, said: list[str]) -> None:
    async def asked() -> None:
        async with saying(base, *said) as edge:
            await edge.control.statistics()

    with pytest.raises(ConnectionError, match="show stat"):
        asyncio.run(asked())


@pytest.mark.parametrize("information", ["", "\n", "Name: HAProxy\n\n"])
def test_counts_of_a_haproxy_that_ends_are_none(base: Path, information: str) -> None:
    statistics = "# pxname,svname,type,status,scur,qcur\nreplicas,BACKEND,1,UP,0,0\n\n"

    async def asked() -> None:
        async with saying(base, statistics, "# table: keys\n\n", information) as edge:
            await edge_counts(edge.control, BACKEND)

    with pytest.raises(ConnectionError, match="show info"):
        asyncio.run(asked())


def test_whoever_failed_one_check_may_still_be_asked(base: Path) -> None:
    statuses = ["UP", "UP 1/2", "DOWN", "DOWN 1/2"]
    lines = [f"{BACKEND},slot{number},{status}" for number, status in enumerate(statuses)]
    said = "\n".join(["# pxname,svname,status", *lines, f"{BACKEND},unserved,UP", "uploads,slot2,UP", "", ""])

    async def asked() -> tuple[frozenset[str], int]:
        async with saying(base, said, said) as edge:
            return await edge.up(), await edge.replicas()

    assert asyncio.run(asked()) == (frozenset({"slot0", "slot1"}), 1)
