"""``lading image``: bundles become an image, a file for a site, something in a registry."""

import hashlib
import json
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from lading.bundles.digest import digest_text
from tests.containers.conftest import Run
from tests.runtime.administration.times import PATH, REQUEST, answer
from tests.runtime.serving.conftest import free_port

TAG = "models/times:1"
LADING = Path(sys.executable).parent / "lading"

Built = dict[str, Any]


def lading(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command."""
    command = [str(LADING), "image", *arguments, "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def done(*arguments: str) -> Any:
    """What the command says when it does what it should."""
    ended = lading(*arguments)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def built(runtime: str, shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """An image with two bundles, and the document of what it is made of."""
    document = tmp_path_factory.mktemp("materials") / "materials.json"
    bundles = [str(shelf / "times-1.lading"), str(shelf / "cells-1.0.0.lading")]
    said: Built = done("build", *bundles, "-t", TAG, "--runtime", runtime, "--sbom", str(document))
    return said | {"materials": document.read_text()}


def test_it_just_serves(built: Built, run: Run) -> None:
    running = run(image=TAG, environment={"LADING_REPLICAS": "1"})
    running.ready()
    assert running.ask(PATH, content=REQUEST).content == answer(1)
    assert {model["digest"] for model in running.ask("/models").json()["models"]} == set(built["bundles"])


def test_its_layer_depends_on_the_bundles_alone(
    built: Built, client: docker.DockerClient, runtime: str, shelf: Path
) -> None:
    """Another order, another folder, no cache: the same digest of the layer, and of the others."""
    bundles = [str(shelf / "cells-1.0.0.lading"), str(shelf / "times-1.lading")]
    again = done("build", *bundles, "-t", "models/again:1", "--runtime", runtime, "--no-cache")
    assert again["layer"] == built["layer"]
    below = client.images.get(runtime).attrs["RootFS"]["Layers"]
    assert client.images.get(TAG).attrs["RootFS"]["Layers"] == [*below, built["layer"]]
    other = done("build", str(shelf / "times-1.lading"), "-t", "models/other:1", "--runtime", runtime)
    assert other["layer"] != built["layer"]


def test_it_says_which_bundles_it_has_by_their_digests_alone(built: Built, client: docker.DockerClient) -> None:
    labels = client.images.get(TAG).labels
    assert labels["lading.bundle.digests"] == " ".join(built["bundles"])
    history = json.dumps(client.images.get(TAG).history())
    assert "times" not in history.replace(TAG, "")


def test_its_materials_are_cyclonedx_and_name_what_is_inside(built: Built) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(built["materials"]) is None
    document = json.loads(built["materials"])
    components = {component["name"]: component for component in document["components"]}
    assert components["ray"]["type"] == components["libc6"]["type"] == "library"
    assert components["times"]["type"] == "machine-learning-model"
    debian = components["debian"]
    assert (debian["type"], debian["version"]) == ("operating-system", "12")
    assert components["libc6"]["purl"].endswith("?arch=amd64&distro=debian-12")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["nothing.lading", "-t", "a:1"], 2, "there is no file or folder", id="no such bundle"),
        pytest.param(["{times}", "-t", "A B"], 2, "is no name of an image", id="no name"),
        pytest.param(["{times}", "{times}", "-t", "a:1"], 3, "serve one of them", id="a bundle twice"),
        pytest.param(
            ["{times}", "-t", "a:1", "--runtime", "not/there:1"], 2, "no image 'not/there:1'", id="no runtime"
        ),
        pytest.param(["{broken}", "-t", "a:1"], 4, "broken.lading", id="broken"),
    ],
)
def test_what_cannot_be_built_is_said_and_named(
    arguments: list[str], code: int, words: str, runtime: str, shelf: Path, tmp_path: Path
) -> None:
    archive = shelf / "times-1.lading"
    broken = tmp_path / "broken.lading"
    broken.write_bytes(archive.read_bytes().replace(b"Mul", b"Sub"))
    filled = [each.format(times=archive, broken=broken) for each in arguments]
    ended = lading("build", *(filled if "--runtime" in filled else [*filled, "--runtime", runtime]))
    assert ended.returncode == code, ended.stderr
    assert words in json.loads(ended.stdout)["error"]


def test_a_policy_is_asked_and_what_it_warns_of_is_said(
    runtime: str, shelf: Path, tmp_path: Path, signed: Callable[[], tuple[Path, Path]]
) -> None:
    bundle, key = signed()
    (tmp_path / "trust.toml").write_text(f'[keys.release]\nfile = "{key}"\nbundles = ["*"]\n')
    asked = ("-t", "models/trusted:1", "--runtime", runtime, "--trust", str(tmp_path / "trust.toml"))
    assert "warning" not in lading("build", str(bundle), *asked).stderr
    unsigned = str(shelf / "times-1.lading")
    refused = lading("build", unsigned, *asked)
    assert refused.returncode == 5, refused.stderr
    warned = lading("build", unsigned, *asked, "--policy", "warn")
    assert warned.returncode == 0, warned.stderr
    assert "warning: times 1.0.0: it has no signature of a trusted key" in warned.stderr


def test_without_an_engine_it_says_how_to_name_one(shelf: Path, monkeypatch: pytest.MonkeyPatch, built: Built) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    ended = lading("push", TAG)
    assert ended.returncode == 2
    said = json.loads(ended.stdout)["error"]
    assert "at unix:///nowhere.sock: No such file or directory; start Docker" in said
    assert "DOCKER_HOST" in said


def test_a_site_gets_one_file_that_verifies_itself(
    built: Built, client: docker.DockerClient, runtime: str, tmp_path: Path, signed: Callable[[], tuple[Path, Path]]
) -> None:
    bundle, key = signed()
    done("build", str(bundle), "-t", "models/signed:1", "--runtime", runtime)
    file = tmp_path / "signed-1.0.tar"
    said = done("save", "models/signed:1", "--output", str(file), "--key", str(key))
    assert said["digest"] == digest_text(hashlib.sha256(file.read_bytes()).hexdigest())
    with tarfile.open(file) as archive:
        archive.extractall(tmp_path, filter="data")
    site = tmp_path / "signed-1.0"
    assert {path.name for path in site.iterdir()} == {
        *(
            "README.md",
            "SHA256SUMS",
            "compose.yaml",
            "image.tar",
            "kserve.yaml",
            "kubernetes.yaml",
            "release.pub",
            "verify.sh",
        )
    }
    client.images.remove("models/signed:1")
    assert _verified(site).stdout.endswith("everything is as it was made\n")
    assert yaml.safe_load((site / "compose.yaml").read_text())["services"]["lading"]["image"] == "models/signed:1"
    (site / "release.pub").write_text(_other_key(tmp_path))
    assert _verified(site).returncode != 0
    (site / "SHA256SUMS").unlink()
    _rewrite_sums(site)
    unsigned = _verified(site)
    assert unsigned.returncode == 5, unsigned.stderr


def test_a_full_disk_leaves_nothing_of_a_file_for_a_site(built: Built, tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(tmp_path)], check=True)
    try:
        ended = lading("save", TAG, "--output", str(tmp_path / "site.tar"))
        left = list(tmp_path.iterdir())
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert ended.returncode == 1
    assert f"no space left on the volume of {tmp_path}" in json.loads(ended.stdout)["error"]
    assert left == []


def test_what_is_pushed_is_what_is_pulled(client: docker.DockerClient, registry: str) -> None:
    """A small image, since a large one takes the engine long to compress and shows no more."""
    name, tiny = f"{registry}/models/tiny", BytesIO()
    with tarfile.open(fileobj=tiny, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("bundles"))
    client.api.import_image_from_data(tiny.getvalue(), name, "1")
    before = client.images.get(f"{name}:1").id
    digest = done("push", f"{name}:1")["digest"]
    client.images.remove(f"{name}:1")
    assert client.images.pull(f"{name}@{digest}").id == before


def test_a_registry_that_is_not_there_is_an_error_that_names_the_image(
    built: Built, client: docker.DockerClient
) -> None:
    client.images.get(TAG).tag("127.0.0.1:1/models/times", "1")
    ended = lading("push", "127.0.0.1:1/models/times:1")
    assert ended.returncode == 1
    assert "push 127.0.0.1:1/models/times:1" in json.loads(ended.stdout)["error"]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry of its own: the engine talks plain HTTP to one of this machine."""
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(tmp_path)}},
        "http": {"addr": address},
    }
    (tmp_path / "registry.yaml").write_text(json.dumps(settings))
    command = ["docker-registry", "serve", str(tmp_path / "registry.yaml")]
    serving = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            with suppress(httpx.TransportError):
                httpx.get(f"http://{address}/v2/")
                break
            assert time.monotonic() < deadline, "the registry does not start"
            time.sleep(0.1)
        yield address
    finally:
        serving.terminate()
        serving.wait()


@pytest.fixture
def signed(shelf: Path, tmp_path: Path) -> Callable[[], tuple[Path, Path]]:
    """A bundle that somebody signed, and their public key."""

    def sign() -> tuple[Path, Path]:
        bundle = tmp_path / "times-1.lading"
        bundle.write_bytes((shelf / "times-1.lading").read_bytes())
        subprocess.run([str(LADING), "keygen", str(tmp_path / "release.key")], check=True, capture_output=True)
        subprocess.run([str(LADING), "sign", str(bundle), "--key", str(tmp_path / "release.key")], check=True)
        return bundle, tmp_path / "release.pub"

    return sign


def _verified(site: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["sh", str(site / "verify.sh")], capture_output=True, text=True, timeout=300, check=False)


def _other_key(folder: Path) -> str:
    subprocess.run([str(LADING), "keygen", str(folder / "other.key")], check=True, capture_output=True)
    return (folder / "other.pub").read_text()


def _rewrite_sums(site: Path) -> None:
    names = sorted(path.name for path in site.iterdir())
    done = subprocess.run(["sha256sum", *names], cwd=site, capture_output=True, text=True, check=True)
    (site / "SHA256SUMS").write_text(done.stdout)
