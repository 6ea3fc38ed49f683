"""The engine: Docker's, by its API, and what it says when it fails."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.images import Image

from lading.runtime.images.errors import EngineRefusedError, NoEngineError, NoImageError


@contextmanager
def connected() -> Iterator[docker.DockerClient]:
    """The engine that ``DOCKER_HOST`` and its kin name, or this machine's; raises ``NoEngineError``."""
    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except DockerException as error:
        raise NoEngineError(_words(error)) from error
    try:
        yield client
    finally:
        client.close()


def image(client: docker.DockerClient, name: str, remedy: str) -> Image:
    """The image of that name; raises ``NoImageError`` with the ``remedy``, and ``EngineRefusedError``."""
    with asked(f"look for {name}"):
        try:
            return client.images.get(name)
        except ImageNotFound:
            raise NoImageError(name, remedy) from None


def layers(found: Image) -> tuple[str, ...]:
    """The digests of the layers, as they are unpacked."""
    return tuple(found.attrs["RootFS"]["Layers"])


@contextmanager
def asked(what: str) -> Iterator[None]:
    """Have what the engine fails at raise ``EngineRefusedError``."""
    try:
        yield
    except DockerException as error:
        raise EngineRefusedError(what, _words(error)) from error


def told(lines: Iterable[Mapping[str, Any]], what: str) -> Iterator[Mapping[str, Any]]:
    """The lines of an answer that comes while the work goes on; raises ``EngineRefusedError`` for one that says why not."""
    with asked(what):
        for line in lines:
            if "error" in line:
                raise EngineRefusedError(what, str(line["error"]).strip())
            yield line


def _words(error: DockerException) -> str:
    return str(error.explanation if isinstance(error, APIError) and error.explanation else error).strip()
