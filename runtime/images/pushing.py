"""Pushing: an image to a registry, by the engine, which knows the credentials."""

from collections.abc import Mapping
from typing import Any

import docker

from lading.runtime.images.building import Tell
from lading.runtime.images.engine import image, told
from lading.runtime.images.errors import EngineRefusedError


def push(client: docker.DockerClient, name: str, tell: Tell) -> str:
    """Push the image ``name`` to the registry that its name begins with; the digest that it has there.

    Raises ``NoImageError`` and ``EngineRefusedError``.
    """
    image(client, name, "make it with `lading image build`")
    repository, _, tag = name.rpartition(":")
    found = ""
    for line in told(lambda: client.api.push(repository, tag, stream=True, decode=True), f"push {name}"):
        found = found or _digest(line)
        if words := _progress(line):
            tell(words)
    if not found:
        raise EngineRefusedError(f"push {name}", "it does not say which digest the registry has it under")
    return found


def _digest(line: Mapping[str, Any]) -> str:
    return str(line.get("aux", {}).get("Digest", ""))


def _progress(line: Mapping[str, Any]) -> str:
    """What a line says, the layer that it is about before it."""
    return ": ".join(str(line[key]) for key in ("id", "status") if key in line)
