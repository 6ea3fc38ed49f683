"""The engine: Docker's, by its API, and what it says when it fails."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.images import Image
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from lading.runtime.images.errors import EngineRefusedError, NoEngineError, NoImageError

CUSTOMARY = "unix:///var/run/docker.sock"
FAILURES = (DockerException, RequestException, HTTPError)
"""What the client raises: errors of its own, and those of the two libraries below it where a connection fails."""


@contextmanager
def connected() -> Iterator[docker.DockerClient]:
    """The engine that ``DOCKER_HOST`` and its kin name, or this machine's; raises ``NoEngineError``."""
    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except FAILURES as error:
        raise NoEngineError(os.environ.get("DOCKER_HOST", CUSTOMARY), _words(error)) from error
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
    except FAILURES as error:
        raise EngineRefusedError(what, _words(error)) from error


def told(begin: Callable[[], Iterable[Mapping[str, Any]]], what: str) -> Iterator[Mapping[str, Any]]:
    """The lines of an answer that comes while the work goes on that ``begin`` begins.

    Raises ``EngineRefusedError`` for a line that says why not.
    """
    with asked(what):
        for line in begin():
            if "error" in line:
                raise EngineRefusedError(what, str(line["error"]).strip())
            yield line


def _words(error: Exception) -> str:
    """What the engine said; where it did not answer, what the system says of that."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation).strip()
    if reason := _system(error):
        return reason
    return str(error).strip() if isinstance(error, DockerException) else "the connection broke off"


def _system(error: BaseException) -> str:
    """What the system said, where that is what ``error`` comes from."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "" if error.__context__ is None else _system(error.__context__)
