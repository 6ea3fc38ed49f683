"""The application over small bundles made by hand."""

import asyncio
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from lading.bundles.draft import Draft, write_bundle
from lading.converters import package
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.drafts import DRAFTS, cells, loops, penguins
from tests.runtime.visits import frame, readings, visits

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="cells")
def _cells() -> Callable[[], Draft]:
    return cells


@pytest.fixture(name="penguins")
def _penguins() -> Callable[[], Draft]:
    return penguins


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The path of each bundle, by its model's name."""
    folder = tmp_path_factory.mktemp("bundles")
    paths = {}
    for name, made in DRAFTS.items():
        paths[name] = folder / f"{name}-1.0.0.lading"
        write_bundle(made(), paths[name])
    return paths


@pytest.fixture(scope="session")
def loops_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a bundle whose model takes as long as it is told."""
    path = tmp_path_factory.mktemp("loops") / "loops-1.0.0.lading"
    write_bundle(loops(), path)
    return path


@pytest.fixture(scope="session")
def deployments(bundles: dict[str, Path]) -> Deployments:
    """All of them, deployed."""
    return Deployments.load(list(bundles.values()))


@pytest.fixture(scope="session")
def trained_bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The paths of bundles that have the profiles of their training data: a data frame's, and a matrix's."""
    folder = tmp_path_factory.mktemp("trained")
    matrix = np.random.default_rng(1).normal(size=(1000, 2)) * (1, 100)
    paths = {}
    for name, made in (("visits", visits(frame(2000))), ("readings", readings(matrix))):
        paths[name] = folder / f"{name}-1.0.0.lading"
        write_bundle(made, paths[name])
    return paths


@pytest.fixture
def trained(trained_bundles: dict[str, Path]) -> Deployments:
    """Both of them, deployed and not asked yet."""
    return Deployments.load(list(trained_bundles.values()))


@pytest.fixture
def app(deployments: Deployments) -> Application:
    """The application over all of them, with the default settings."""
    return Application(deployments, Settings())


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """The application over the two models of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    spec = importlib.util.spec_from_file_location("demo_models", ROOT / "examples" / "models.py")
    assert spec is not None
    assert spec.loader is not None
    models = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = models  # dataclasses look their module up
    spec.loader.exec_module(models)
    paths = []
    for example in (models.penguins(), models.breast_cancer()):
        path = folder / f"{example.name}.lading"
        made = {"name": example.name, "path": path, "target": example.target, "description": example.description}
        package(example.model, example.train, **made)
        paths.append(path)
    return Application(Deployments.load(paths), Settings())


async def _asked(app: Application, path: str, body: object, method: str | None, headers: Any) -> httpx.Response:
    content = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
    verb = method if method is not None else "GET" if body is None else "POST"
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://lading") as client:
        return await client.request(verb, path, content=content, headers=headers)


@pytest.fixture
def ask(app: Application) -> Callable[..., httpx.Response]:
    """Asks the application: ``GET`` without a body, ``POST`` with one, which goes out as JSON unless it is bytes."""

    def asked(
        path: str, body: object = None, *, method: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return asyncio.run(_asked(app, path, body, method, headers))

    return asked
