"""One engine and one image for all tests, and containers that are removed when they are no longer asked."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.containers.engine import RUNTIME, build_runtime, engine, make_base
from tests.containers.running import Running
from tests.runtime.administration.times import times
from tests.runtime.conftest import bundles as bundles  # the fixture
from tests.runtime.conftest import loops_bundle as loops_bundle

Run = Callable[..., Running]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the engine, and the first test waits until the image is built."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    """The engine; it is also that of commands."""
    with engine() as (address, found), pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", address)
        yield found


@pytest.fixture(scope="session")
def runtime(client: docker.DockerClient) -> str:
    """The runtime image, made from the Dockerfile."""
    make_base(client)
    build_runtime(client)
    return RUNTIME


@pytest.fixture(scope="session")
def shelf(bundles: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles that every user can read."""
    made = tmp_path_factory.mktemp("times")
    return laid_out(tmp_path_factory.mktemp("shelf"), bundles["penguins"], bundles["cells"], times(1, made))


@pytest.fixture(scope="module")
def run(client: docker.DockerClient, runtime: str) -> Iterator[Run]:
    """Starts containers, of the runtime image if no other is named; each is removed when the module is through."""
    started: list[Running] = []

    def begin(command: list[str] | None = None, image: str = runtime, **options: Any) -> Running:
        started.append(Running(client, image, command, **options))
        return started[-1]

    yield begin
    for one in started:
        one.remove()


def laid_out(folder: Path, *bundles: Path) -> Path:
    """``folder`` with these bundles, for every user to read."""
    for bundle in bundles:
        shutil.copy(bundle, folder)
    for path in (folder, *folder.parents[:2], *folder.iterdir()):
        path.chmod(0o755)
    return folder


def mounted(folder: Path, place: str = "/bundles") -> Mapping[str, Mapping[str, str]]:
    """``-v FOLDER:/bundles:ro``."""
    return {str(folder): {"bind": place, "mode": "ro"}}
