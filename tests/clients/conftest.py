"""One real server for all clients, and the environments of those that cannot share ours."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clients import models
from tests.clients.models import Served
from tests.runtime.serving.conftest import Serving, free_port

ROOT = Path(__file__).resolve().parents[2]
DRIVERS = Path(__file__).with_name("drivers")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test waits until all models are made and the server is ready, which counts as its own time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Served]:
    """The models that are served, by name."""
    return models.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def grpc_address() -> str:
    """Host and port of the server's gRPC."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def server(served: Mapping[str, Served], grpc_address: str) -> Iterator[Serving]:
    """``lading serve`` with two replicas of all models, which takes and answers compressed bodies too."""
    options = ("--replicas", "2", "--grpc-port", grpc_address.partition(":")[2])
    settings = {"LADING_DEFAULT_MODEL": "income", "LADING_COMPRESSED_BODIES": "true"}
    serving = Serving([one.path for one in served.values()], *options, **settings)
    try:
        serving.ready()
        yield serving
    finally:
        serving.close()


@pytest.fixture(scope="session")
def address(server: Serving) -> str:
    """Host and port of the server."""
    return f"127.0.0.1:{server.port}"


def environment(name: str) -> Path:
    """The environment of a client; ``scripts/clients`` makes it."""
    path = ROOT / ".clients" / name
    assert path.is_dir(), f"there is no {path}; run scripts/clients"
    return path


def drive(client: str, driver: str, *arguments: str, given: object = None) -> Any:
    """What the program ``drivers/<driver>.py`` prints as JSON, run where ``client`` is installed.

    It is given ``arguments``, and ``given`` as JSON on its standard input.
    """
    python = environment(client) / "bin" / "python"
    command = [str(python), str(DRIVERS / f"{driver}.py"), *arguments]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
