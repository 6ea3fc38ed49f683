"""Servers of models that take a known while, shared by the tests that load them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import write_bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.own import OwnServer, own_server
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.step import Purpose, Role, Window
from tests.loadtests.laps import laps, rounds_for

SECONDS = 0.02
SLOWER = 1.2


class Silent:
    """Shows nothing."""

    def begin(self, role: Role, purpose: Purpose, schedule: Sequence[Stretch]) -> None:
        """Nothing."""

    def show(self, windows: Sequence[Window]) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose model takes about twenty milliseconds."""
    return _written(tmp_path_factory, rounds_for(SECONDS), "1.0.0")


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next version of it, which takes a fifth longer."""
    return _written(tmp_path_factory, round(rounds_for(SECONDS) * SLOWER), "1.1.0")


@pytest.fixture(scope="module")
def served() -> Iterator[Callable[[Path], OwnServer]]:
    """Serves a bundle by one replica until the module's tests are through."""
    with ExitStack() as opened:

        def serve(path: Path) -> OwnServer:
            bundle = opened.enter_context(open_bundle(path))
            return opened.enter_context(own_server(bundle, path, Settings(), 1, lambda _: None))

        yield serve


def _written(folders: pytest.TempPathFactory, rounds: int, version: str) -> Path:
    path = folders.mktemp("laps") / f"laps-{version}.lading"
    write_bundle(laps(rounds, version=version), path)
    return path
