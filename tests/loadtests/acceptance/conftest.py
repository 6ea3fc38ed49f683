"""Servers of models that take a known while, shared by the tests that load them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lading.bundles.bundle import open_bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.own import OwnServer, own_server
from tests.loadtests.laps import rounds_for, write_laps

SECONDS = 0.02
SLOWER = 1.2


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose model takes about twenty milliseconds."""
    return write_laps(tmp_path_factory.mktemp("laps"), rounds_for(SECONDS), "1.0.0")


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next version of it, which takes a fifth longer."""
    return write_laps(tmp_path_factory.mktemp("laps"), round(rounds_for(SECONDS) * SLOWER), "1.1.0")


@pytest.fixture(scope="session")
def prompt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose model takes next to no time."""
    return write_laps(tmp_path_factory.mktemp("laps"), 1, "1.0.0")


@pytest.fixture(scope="module")
def served() -> Iterator[Callable[[Path], OwnServer]]:
    """Serves a bundle by one replica until the module's tests are through."""
    with ExitStack() as opened:

        def serve(path: Path) -> OwnServer:
            bundle = opened.enter_context(open_bundle(path))
            return opened.enter_context(own_server(bundle, path, Settings(), 1, lambda _: None))

        yield serve
