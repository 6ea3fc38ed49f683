"""A Docker engine of the tests' own: on its own socket, with its own data, and a base image made on this machine."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
from docker.errors import ImageNotFound

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".containers"
"""Images, and what they were built from, for the next run."""
RUNTIME = "lading/runtime:test"
DEBIAN = "bookworm"
CERTIFICATES = Path("/usr/local/share/ca-certificates")
"""Where Debian has an administrator put whom this machine trusts besides."""
START_SECONDS = 60
CALL_SECONDS = 600
"""The longest that a call of the engine's may take: it builds images on a machine that is busy."""


@contextmanager
def engine() -> Iterator[tuple[str, docker.DockerClient]]:
    """An engine that runs as long as the block: its address, and a client."""
    folder = Path(tempfile.mkdtemp(prefix="lading-engine-", dir="/tmp"))  # paths of sockets must be short
    address = f"unix://{folder}/docker.sock"
    (KEPT / "data").mkdir(parents=True, exist_ok=True)
    command = ["dockerd", "--host", address, "--data-root", str(KEPT / "data"), "--exec-root", str(folder / "exec")]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen([*command, "--pidfile", str(folder / "pid")], stdout=log, stderr=log)
    try:
        client = _connected(address, daemon, folder / "log")
        yield address, client
        for container in client.containers.list(all=True):
            container.remove(force=True, v=True)
        client.close()
    finally:
        daemon.terminate()
        daemon.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _connected(address: str, daemon: "subprocess.Popen[bytes]", log: Path) -> docker.DockerClient:
    deadline = time.monotonic() + START_SECONDS
    while daemon.poll() is None and time.monotonic() < deadline:
        if subprocess.run(["docker", "--host", address, "version"], capture_output=True, check=False).returncode == 0:
            return docker.DockerClient(address, timeout=CALL_SECONDS)
        time.sleep(0.2)
    raise AssertionError(f"dockerd does not start:\n{log.read_text()[-2000:]}")


def base_name() -> str:
    """The name of the image below, as the Dockerfile has it."""
    found = re.search(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def make_base(client: docker.DockerClient) -> None:
    """A Debian with Python, under the name that the Dockerfile expects, unless it is there."""
    with suppress(ImageNotFound):
        client.images.get(base_name())
        return
    repository, _, tag = base_name().rpartition(":")
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        system, archive = Path(folder) / "system", Path(folder) / "system.tar"
        packages = "--include=python3.11,ca-certificates"
        subprocess.run(["debootstrap", "--variant=minbase", packages, DEBIAN, str(system)], check=True)
        # What it needs must be configured before it, which debootstrap does not see to.
        install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "python3.11-venv"]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["chroot", str(system), *install], check=True, env=quiet)
        left_out = ["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*"]
        subprocess.run(["tar", "-C", str(system), *left_out, "-cf", str(archive), "."], check=True)
        client.api.import_image_from_file(str(archive), repository=repository, tag=tag)


def build_runtime(client: docker.DockerClient) -> None:
    """The image of the Dockerfile, with the package index and the certificates that this machine uses.

    Its first stage keeps a name, so that the next build takes its packages from there, and older ones are removed.
    """
    arguments = {name: os.environ[name] for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL") if name in os.environ}
    arguments["EXTRA_CA"] = "".join(path.read_text() for path in sorted(CERTIFICATES.glob("*.crt")))
    for stage, name in (("build", "lading/build:test"), (None, RUNTIME)):
        client.images.build(path=str(ROOT), tag=name, target=stage, buildargs=arguments, forcerm=True)
    client.images.prune()
