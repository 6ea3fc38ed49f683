"""Acceptance: what JSONTestSuite has against JSON's readers is refused with 400, and what it has for them never fails."""

import asyncio
import os
import tarfile
from collections.abc import Awaitable, Callable, Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Start

pytestmark = pytest.mark.cases

FOLDER = "/third-party/JSONTestSuite/test_parsing/"
EACH = 10
TENSOR = b'{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}'
BODIES = {
    "/models/cells/predict": (b"%b", b'[{"x0": 1, "x1": 2, "x2": 3, "x3": %b}]'),
    "/v2/models/cells/infer": (
        b"%b",
        b'{"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": %b}]}',
    ),
    "/v1/models/cells:predict": (b"%b", b'{"instances": %b}', b'{"inputs": %b}'),
    "/invocations": (
        b"%b",
        b'{"inputs": %b}',
        b'{"instances": %b}',
        b'{"dataframe_records": %b}',
        b'{"dataframe_split": {"columns": ["x0", "x1", "x2", "x3"], "data": %b}}',
    ),
}
"""The bodies that a case is put into, by the path that they are sent to: it is all of the body, and a part of it."""
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
    "n_inputs_of_numbers_twice": b'{"inputs": [[1, 2, 3, 4]], "inputs": [[1, 2, 3, 4]]}',
    "n_instances_twice": b'{"instances": [[1, 2, 3, 4]], "instances": [[1, 2, 3, 4]]}',
    "n_field_twice": b'[{"x0": 1, "x1": 2, "x2": 3, "x3": 4, "x0": 1}]',
    "n_nan": b"[NaN, 1, 1, 1]",
}

JSON = {"content-type": "application/json"}
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
    """What is answered otherwise than it should be, where each case is a body, and a part of one."""
    found = []
    bodies = [(path, frame) for path, frames in BODIES.items() for frame in frames]
    for (name, text), (path, frame) in product(cases.items(), bodies):
        response = await post(path, frame % text)
        refused = response.status_code == 400 and isinstance(response.json()["error"], str)
        small = len(response.content) <= 1024
        if response.status_code >= 500 or (name.startswith("n_") and not (refused and small)):
            found.append(f"{name} in {frame!r} at {path}: {response.status_code} {response.text[:200]}")
    return found


def test_there_are_as_many_as_the_suite_has(cases: Mapping[str, bytes]) -> None:
    assert sum(name.startswith("n_") for name in cases) == 188 + len(OWN)
    assert sum(name.startswith("y_") for name in cases) == 95


def test_the_application_refuses_what_it_should_and_never_fails(app: Application, cases: Mapping[str, bytes]) -> None:
    named = Application(app.deployments, Settings(default_model="cells"))

    async def ask() -> list[str]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(named), base_url="http://lading") as client:
            return await wrong(lambda path, body: client.post(path, content=body, headers=JSON), cases)

    assert asyncio.run(ask()) == []


def test_a_server_does_the_same_with_each_tenth_and_lives(
    start: "Start", bundles: Mapping[str, Path], cases: Mapping[str, bytes]
) -> None:
    names = sorted(name for name in cases if name[0] in "ny")
    chosen = {name: cases[name] for name in [*names[::EACH], *OWN]}

    async def ask(port: int) -> list[str]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            return await wrong(lambda path, body: client.post(path, content=body, headers=JSON), chosen)

    server = start([bundles["cells"]], "--replicas", "1")
    server.ready()
    before = [server.process.pid, *server.pids("haproxy"), *server.pids("ray::ServeReplica")]
    assert asyncio.run(ask(server.port)) == []
    assert [server.process.pid, *server.pids("haproxy"), *server.pids("ray::ServeReplica")] == before
    assert len(before) == 3
