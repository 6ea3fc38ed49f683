"""A server in a container: the image that is to be shipped, run by a Docker engine as long as it is needed."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from lading.bundles.bundle import Bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.asking import answers, check_serves, innermost, lading_of, wait_until
from lading.loadtests.conducting.errors import NotReadyError, ServerStartError
from lading.loadtests.conducting.own import GRACE_SECONDS, Tell
from lading.loadtests.conducting.server import Usage, subject_of
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.result import Subject

DIGESTS = "lading.bundle.digests"
"""The label in which ``lading image build`` names the bundles of an image."""
PORT, METRICS_PORT = "8080/tcp", "8081/tcp"
NANOSECONDS = 1e9


class ServerInContainer:
    """A container that serves."""

    def __init__(self, container: Container, endpoint: Endpoint, subject: Subject, metrics: str) -> None:
        self._container, self.endpoint, self.subject, self.metrics = container, endpoint, subject, metrics
        self._used: Usage | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    def usage(self, memory: bool) -> Usage | None:
        """What the engine said last, about once a second; the memory is the control group's, without what is cached."""
        return self._used

    def ended(self) -> str | None:
        """With which exit code it ended."""
        return _ended(self._container)

    def _watch(self) -> None:
        with suppress(DockerException, requests.RequestException, KeyError):
            told: Any  # what docker's types say of it is wrong
            for told in self._container.stats(stream=True, decode=True):
                memory = told["memory_stats"]
                if "usage" in memory:
                    held = memory["usage"] - memory["stats"].get("inactive_file", 0)
                    self._used = Usage(
                        cpu_seconds=told["cpu_stats"]["cpu_usage"]["total_usage"] / NANOSECONDS, bytes=held
                    )


@contextmanager
def server_in_container(
    bundle: Bundle, path: Path, image: str, settings: Settings, replicas: int | None, tell: Tell
) -> Iterator[ServerInContainer]:
    """Run ``image``, hardened, as long as the block runs; the bundle is mounted where the image does not hold it.

    Raises ``ServerStartError`` and what ``check_serves`` raises.
    """
    what = f"a container of {image}"
    tell(f"{what}: starting")
    with tempfile.TemporaryDirectory(prefix="lading-loadtest-") as folder:
        with _failing(what):
            container = _run(bundle, path, Path(folder), image, replicas)
        try:
            with _failing(what):
                server = _ready(container, bundle, what, settings)
            yield server
        finally:
            _end(container, settings)


def _run(bundle: Bundle, path: Path, folder: Path, image: str, replicas: int | None) -> Container:
    """The container, as an operator is told to run it (docs/containers.md)."""
    client = docker.from_env()
    holds = bundle.digest in (client.images.get(image).labels.get(DIGESTS) or "").split()
    environment = {"LADING_METRICS_HOST": "0.0.0.0", "LADING_METRICS_PORT": "8081"}  # noqa: S104 - in the container
    if replicas is not None:
        environment["LADING_REPLICAS"] = str(replicas)
    ports: dict[str, Any] = {PORT: ("127.0.0.1", None), METRICS_PORT: ("127.0.0.1", None)}
    return client.containers.run(
        image,
        detach=True,
        environment=environment,
        ports=ports,
        volumes={} if holds else {str(_shelf(path, folder)): {"bind": "/bundles", "mode": "ro"}},
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        pids_limit=512,
        tmpfs={"/run/lading": "size=512m,mode=1777"},
    )


def _end(container: Container, settings: Settings) -> None:
    """Ask the container to end, and remove it; at once after a Ctrl-C. One that has gone already is no trouble."""
    with suppress(DockerException, requests.RequestException):
        try:
            container.stop(timeout=int(settings.drain_seconds + GRACE_SECONDS))
        except KeyboardInterrupt:
            pass
        finally:
            container.remove(force=True, v=True)
            if container.client is not None:
                container.client.close()


def _shelf(path: Path, folder: Path) -> Path:
    """A folder that any user can read, with nothing but the bundle in it."""
    shelf = folder / "bundles"
    shelf.mkdir()
    target = shelf / path.name
    if path.is_dir():
        shutil.copytree(path, target)
    else:
        shutil.copyfile(path, target)
    for one in (folder, shelf, target, *target.rglob("*")):
        one.chmod(0o755 if one.is_dir() else 0o644)
    return shelf


def _ready(container: Container, bundle: Bundle, what: str, settings: Settings) -> ServerInContainer:
    container.reload()
    url, metrics = (f"http://127.0.0.1:{_published(container, port)}" for port in (PORT, METRICS_PORT))
    endpoint = Endpoint(url=url, deployment=bundle.manifest.name)
    if not wait_until(lambda: _ended(container) is not None or _serves(endpoint, bundle), settings.start_seconds):
        raise ServerStartError(what, f"it took more than {settings.start_seconds:g} s")
    if (why := _ended(container)) is not None:
        last = container.logs(tail=20).decode(errors="replace").strip()
        raise ServerStartError(what, f"{why}: {last}")
    return ServerInContainer(container, endpoint, subject_of(bundle, what, lading_of(endpoint)), f"{metrics}/metrics")


def _ended(container: Container) -> str | None:
    with suppress(DockerException):
        container.reload()
        state = container.attrs["State"]
        return None if state["Running"] else f"the container ended with exit code {state['ExitCode']}"
    return "the engine knows nothing of the container any more"


def _serves(endpoint: Endpoint, bundle: Bundle) -> bool:
    if not answers(endpoint):
        return False
    try:
        check_serves(endpoint, bundle)
    except NotReadyError:
        return False
    return True


def _published(container: Container, port: str) -> int:
    return int(container.attrs["NetworkSettings"]["Ports"][port][0]["HostPort"])


@contextmanager
def _failing(what: str) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        raise ServerStartError(what, f"the Docker engine says: {error.explanation or error}") from error
    except DockerException as error:
        reason = innermost(error)
        raise ServerStartError(
            what, f"no Docker engine answers: {reason}; start one, or name it in DOCKER_HOST"
        ) from error
    except OSError as error:  # the engine's silence, or no room for the bundle's copy
        raise ServerStartError(what, innermost(error)) from error
