"""Projects of compose, on the tests' engine."""

import os
import subprocess
from pathlib import Path

import docker

from tests.containers.running import PORT

PUBLISHED = f'ports: !override ["127.0.0.1::{PORT}"]'
"""In the place of a file's own ports, which may be somebody's on this machine."""
COMMAND_SECONDS = 300


def composed(folder: Path, *arguments: str, **variables: str) -> str:
    """What ``docker compose`` prints in ``folder`` when it does what it should; ``variables`` are those of the files."""
    return printed(["docker", "compose", *arguments], folder, **variables)


def printed(command: list[str], folder: Path, **variables: str) -> str:
    """What a command prints in ``folder`` when it does what it should."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **variables},
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def address(client: docker.DockerClient, project: str, service: str) -> str:
    """Where a service answers in its project's network."""
    labels = [f"com.docker.compose.project={project}", f"com.docker.compose.service={service}"]
    (container,) = client.containers.list(filters={"label": labels})
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])
