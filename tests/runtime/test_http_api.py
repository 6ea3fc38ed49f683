"""docs/http-api.md says what the server does: its examples are asked as they stand."""

import asyncio
import json
import math
import re
import shlex
from pathlib import Path
from typing import Any

import httpx
import pytest

from lading.runtime import errors
from lading.runtime.app import Application
from lading.runtime.protocols.replies import DIGEST_HEADER

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "http-api.md").read_text()
EXAMPLES = re.findall(r"```sh\n(curl .*?)```\n\n```json\n(.*?)```", PAGE, re.DOTALL)


async def curl(app: Application, command: str) -> httpx.Response:
    """What the ``curl`` command would be answered."""
    words = shlex.split(command)
    address = next(word for word in words if word.startswith("localhost:8080"))
    body = words[words.index("-d") + 1] if "-d" in words else None
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.request("GET" if body is None else "POST", f"http://{address}", content=body)


def fits(found: Any, written: Any) -> bool:
    """Whether an answer is what is written, where ``…`` stands for anything."""
    if isinstance(written, str) and written.endswith("…"):
        return written == "…" or (isinstance(found, str) and found.startswith(written[:-1]))
    if isinstance(written, dict):
        known = written.keys() - {"…"}
        whole = "…" in written or found.keys() == known
        return whole and all(name in found and fits(found[name], written[name]) for name in known)
    if isinstance(written, list):
        return len(found) == len(written) and all(fits(a, b) for a, b in zip(found, written, strict=True))
    if isinstance(written, float):
        return math.isclose(found, written, rel_tol=0.01, abs_tol=1e-4)
    return bool(found == written)


@pytest.mark.parametrize(("command", "answer"), EXAMPLES)
def test_the_examples_are_answered_as_printed(demo: Application, command: str, answer: str) -> None:
    found = asyncio.run(curl(demo, command)).json()
    assert fits(found, json.loads(answer)), json.dumps(found, indent=1)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6
    assert len(EXAMPLES) == PAGE.count("```sh") == PAGE.count("```json")


def test_every_status_is_documented() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RequestError)]
    documented = set(re.findall(r"\b[45]\d\d\b", "".join(line for line in PAGE.splitlines() if line.startswith("| "))))
    assert {str(kind.status) for kind in kinds} | {"500"} <= documented


def test_the_header_is_documented() -> None:
    assert f"`{DIGEST_HEADER.decode()}`" in PAGE


def test_every_path_is_documented(demo: Application) -> None:
    paths = {path for protocol in demo.protocols for path in protocol.paths(demo.deployments)}
    for path in paths:
        general = re.sub(r"penguins|breast-cancer", "{name}", path).replace("/versions/1.0.0", "")
        assert f"`{general}`" in PAGE, general
