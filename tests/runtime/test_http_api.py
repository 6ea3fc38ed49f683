"""docs/http-api.md says what the server does: its examples are asked as they stand."""

import asyncio
import json
import math
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from lading.runtime.app import Application
from lading.runtime.protocols.replies import DIGEST_HEADER

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "http-api.md").read_text()
EXAMPLES = re.findall(r"```sh\n(curl .*?)```\n\n```(?:json|csv)\n(.*?)```", PAGE, re.DOTALL)
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


async def curl(app: Application, command: str) -> httpx.Response:
    """What the ``curl`` command would be answered."""
    words = shlex.split(command)
    address = next(word for word in words if word.startswith("localhost:8080"))
    after = dict(pairwise(words))
    body = after.get("-d", after.get("--data-binary"))
    headers = dict(header.split(": ") for option, header in pairwise(words) if option == "-H")
    return await asked(app, "GET" if body is None else "POST", f"http://{address}", content=body, headers=headers)


async def asked(app: Application, method: str, address: str, **request: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.request(method, address, **request)


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
    if isinstance(written, float) and isinstance(found, float):
        return math.isclose(found, written, rel_tol=0.01, abs_tol=1e-4)
    return bool(found == written)


@pytest.mark.parametrize(("command", "answer"), EXAMPLES)
def test_the_examples_are_answered_as_printed(demo: Application, command: str, answer: str) -> None:
    found = asyncio.run(curl(demo, command))
    if found.headers["content-type"] == "application/json":
        assert fits(found.json(), json.loads(answer)), found.text
    else:
        assert fits(*(list(map(cells, text.splitlines())) for text in (found.text, answer))), found.text


def cells(line: str) -> list[object]:
    """The cells of a line of CSV, numbers as such."""
    found: list[object] = []
    for cell in line.split(","):
        try:
            found.append(float(cell))
        except ValueError:
            found.append(cell)
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_run_as_printed(demo: Application, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def post(address: str, **request: Any) -> httpx.Response:
        return asyncio.run(asked(demo, "POST", address, **request))

    monkeypatch.setattr(httpx, "post", post)
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["answers"].to_pydict()["label"] == ["Gentoo", "Chinstrap"]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6
    assert len(EXAMPLES) == PAGE.count("```sh") == PAGE.count("```json") + PAGE.count("```csv")
    assert len(PROGRAMS) >= 1


def test_the_header_is_documented() -> None:
    assert f"`{DIGEST_HEADER.decode()}`" in PAGE


def test_every_path_is_documented(demo: Application) -> None:
    paths = {path for protocol in demo.protocols for path in protocol.paths(demo.deployments)}
    for path in paths:
        general = re.sub(r"penguins|breast-cancer", "{name}", path)
        general = re.sub(r"/versions/(1\.0\.0|\{version\})|(?<=\{label\}):\w+", "", general)
        assert f"`{general}`" in PAGE, general
