"""Acceptance: what JSONTestSuite has against JSON's readers is refused with 400, and what it has for them never fails."""

import asyncio
import os
import tarfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from lading.runtime.app import Application

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Start

pytestmark = pytest.mark.cases

FOLDER = "/third-party/JSONTestSuite/test_parsing/"
EACH = 10
PATHS = ("/models/cells/predict", "/v2/models/cells/infer")
BEFORE, BEHIND = b'{"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": ', b"}]}"
TENSOR = b'{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}'
OWN = {
    "n_depth_100000": b"[" * 100_000 + b"]" * 100_000,
    "n_depth_65": b"[" * 65 + b"]" * 65,
    "n_depth_objects": b'{"a":' * 100 + b"1" + b"}" * 100,
    "n_integer_of_5000_digits": b"[" + b"1" * 5000 + b"]",
    "n_integer_2_64": b"[18446744073709551616, 1, 1, 1]",
    "n_integer_minus_2_63_1": b"[-9223372036854775809, 1, 1, 1]",
    "n_1e400": b"[1e400, 1, 1, 1]",
    "n_lone_surrogate": b'["\\ud800", "\\udc00"]',
    "n_key_of_nul": b'{"\\u0000": 1}',
    "n_inputs_twice": b'{"inputs": [' + TENSOR + b'], "inputs": [' + TENSOR + b"]}",
    "n_nan": b"[NaN, 1, 1, 1]",
}

Post = Callable[[str, bytes], Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
def cases() -> Mapping[str, bytes]:
    """The cases by their names, those of the archive that the environment names and our own."""
    archive = os.environ.get("JSON_CASES")
    assert archive, "scripts/test-cases fetches the archive with the cases and says where it is"
    found = dict(OWN)
    with tarfile.open(archive) as members:
        for member in members:
            if FOLDER in member.name and (file := members.extractfile(member)) is not None:
                found[member.name.rpartition("/")[2]] = file.read()
    return found


async def wrong(post: Post, cases: Mapping[str, bytes]) -> list[str]:
    """What is answered otherwise than it should be, where each case is a body, and the data of a tensor in one."""
    found = []
    for name, text in cases.items():
        for path, body in [*((path, text) for path in PATHS), (PATHS[1], BEFORE + text + BEHIND)]:
            response = await post(path, body)
            refused = response.status_code == 400 and isinstance(response.json()["error"], str)
            small = len(response.content) <= 1024
            if response.status_code >= 500 or (name.startswith("n_") and not (refused and small)):
                found.append(f"{name} at {path}: {response.status_code} {response.text[:200]}")
    return found


def test_there_are_as_many_as_the_suite_has(cases: Mapping[str, bytes]) -> None:
    assert sum(name.startswith("n_") for name in cases) == 188 + len(OWN)
    assert sum(name.startswith("y_") for name in cases) == 95


def test_the_application_refuses_what_it_should_and_never_fails(app: Application, cases: Mapping[str, bytes]) -> None:
    async def ask() -> list[str]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return await wrong(lambda path, body: client.post(path, content=body), cases)

    assert asyncio.run(ask()) == []


def test_a_server_does_the_same_with_each_tenth_and_lives(
    start: "Start", bundles: Mapping[str, Path], cases: Mapping[str, bytes]
) -> None:
    names = sorted(name for name in cases if name[0] in "ny")
    chosen = {name: cases[name] for name in [*names[::EACH], *OWN]}

    async def ask(port: int) -> list[str]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            return await wrong(lambda path, body: client.post(path, content=body), chosen)

    server = start([bundles["cells"]], "--replicas", "1")
    server.ready()
    before = [server.process.pid, *server.pids("haproxy"), *server.pids("ray::ServeReplica")]
    assert asyncio.run(ask(server.port)) == []
    assert [server.process.pid, *server.pids("haproxy"), *server.pids("ray::ServeReplica")] == before
    assert len(before) == 3
