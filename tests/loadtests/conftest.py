"""Bundles of every form, and the application that serves them, asked without a network."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from lading.bundles.bundle import Bundle, open_bundle
from lading.bundles.draft import write_bundle
from lading.core.settings import Settings
from lading.loadtests.payloads.request import Answer, Request
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.drafts import DRAFTS
from tests.runtime.visits import frame, readings, visits

Ask = Callable[[Request], Answer]


@pytest.fixture(scope="session")
def bundle_paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A bundle of each form by its model's name; two of them know their training data."""
    folder = tmp_path_factory.mktemp("bundles")
    matrix = np.random.default_rng(1).normal(size=(1000, 2)) * (1, 100)
    drafts = {name: made() for name, made in DRAFTS.items()}
    drafts |= {"visits": visits(frame(2000)), "readings": readings(matrix)}
    paths = {name: folder / f"{name}-1.0.0.lading" for name in drafts}
    for name, draft in drafts.items():
        write_bundle(draft, paths[name])
    return paths


@pytest.fixture(scope="session")
def opened(bundle_paths: dict[str, Path]) -> Iterator[dict[str, Bundle]]:
    """The same, open for reading."""
    found = {name: open_bundle(path) for name, path in bundle_paths.items()}
    yield found
    for bundle in found.values():
        bundle.close()


@pytest.fixture(scope="session")
def ask(bundle_paths: dict[str, Path]) -> Iterator[Ask]:
    """Asks the application that serves them all."""
    app = Application(Deployments.load(list(bundle_paths.values())), Settings())
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading")
    with asyncio.Runner() as runner:

        async def answer(request: Request) -> Answer:
            headers = dict(request.headers)
            response = await client.request(request.method, request.path, content=request.body, headers=headers)
            length = response.headers.get("inference-header-content-length")
            return Answer(response.status_code, response.content, None if length is None else int(length))

        yield lambda request: runner.run(answer(request))
        runner.run(client.aclose())
