"""Compose: the example beside a real Prometheus, and the sheets of a site, whose commands are run as they are printed."""

import json
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from tests.containers.composed import PUBLISHED, address, composed, printed
from tests.containers.engine import base_name
from tests.containers.running import PORT
from tests.containers.test_images import done
from tests.runtime.administration.times import PATH, REQUEST, answer, times

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "containers"
SCRAPED_SECONDS = 60
OVERRIDDEN = f"""
services:
  lading:
    {PUBLISHED}
  prometheus:
    image: {base_name()}
    entrypoint: [/program, --config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/prometheus]
    volumes: ["{shutil.which("prometheus")}:/program:ro"]
"""
"""Debian's Prometheus, since no registry is asked. Debian has no Grafana; its service is not started."""

OVER_TLS = {"lading_certificate_ends_seconds"}
"""What a server without a certificate does not tell."""


def test_prometheus_takes_its_configuration() -> None:
    command = ["promtool", "check", "config", str(EXAMPLES / "prometheus.yml")]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.fixture(scope="module")
def prometheus(
    client: docker.DockerClient, runtime: str, shelf: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """The example's Prometheus, which has asked the example's server."""
    folder = tmp_path_factory.mktemp("example")
    (folder / "override.yaml").write_text(OVERRIDDEN)
    files = ["--project-name", "example", "--file", str(EXAMPLES / "compose.yaml"), "--file", "override.yaml"]
    variables = {"LADING_IMAGE": runtime, "LADING_BUNDLES": str(shelf)}
    composed(folder, *files, "up", "--detach", "--wait", "lading", "prometheus", **variables)
    try:
        asked = httpx.post(f"http://{address(client, 'example', 'lading')}:{PORT}{PATH}", content=REQUEST)
        assert asked.content == answer(1)
        with httpx.Client(base_url=f"http://{address(client, 'example', 'prometheus')}:9090/api/v1") as found:
            yield found
    finally:
        composed(folder, *files, "down", "--volumes", **variables)


def test_prometheus_finds_the_server_and_every_metric_of_the_dashboard(prometheus: httpx.Client) -> None:
    deadline = time.monotonic() + SCRAPED_SECONDS
    while _told(prometheus, "/query", query='up{job="lading"}')["result"] == [] or not _told(prometheus, "/metadata"):
        assert time.monotonic() < deadline, _told(prometheus, "/targets")
        time.sleep(0.5)
    (up,) = _told(prometheus, "/query", query='up{job="lading"}')["result"]
    assert up["value"][1] == "1", _told(prometheus, "/targets")
    known = set(_told(prometheus, "/metadata"))
    panels = json.loads((EXAMPLES / "grafana-dashboard.json").read_text())["panels"]
    for query in [target["expr"] for panel in panels for target in panel["targets"]]:
        assert _told(prometheus, "/query", query=query)["resultType"] == "vector"
        names = {re.sub(r"_(bucket|sum)$", "", name) for name in re.findall(r"lading_\w+", query)}
        assert names, query
        assert names <= known | OVER_TLS


@pytest.fixture(scope="module")
def site(
    client: docker.DockerClient, runtime: str, shelf: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """What a site is sent, unpacked, where the engine has no such image; with other ports, and a newer bundle."""
    folder = tmp_path_factory.mktemp("sent")
    done("build", str(shelf / "times-1.lading"), "-t", "models/sent:1", "--runtime", runtime)
    done("save", "models/sent:1", "--output", str(folder / "site.tar"))
    client.images.remove("models/sent:1")
    with tarfile.open(folder / "site.tar") as archive:
        archive.extractall(folder, filter="data")
    (folder / "site.tar").unlink()
    (folder / "site" / "compose.override.yaml").write_text(f"services: {{lading: {{{PUBLISHED}}}}}")
    times(2, folder).rename(folder / "site" / "times-1.1.0.lading")
    yield folder / "site"
    composed(folder / "site", "down", "--volumes")


def test_an_administrator_installs_updates_and_rolls_back_by_the_commands_of_the_sheet(
    site: Path, client: docker.DockerClient
) -> None:
    commands = re.findall(r"```sh\n(.*?)```", (site / "README.md").read_text(), re.DOTALL)
    answers = []
    for command in commands[:3]:
        printed(["sh", "-euc", command.replace("NAME", "times")], site)
        asked = httpx.post(f"http://{address(client, 'site', 'lading')}:{PORT}{PATH}", content=REQUEST)
        answers.append(asked.content)
    assert answers == [answer(1), answer(2), answer(1)]


def _told(prometheus: httpx.Client, path: str, **parameters: str) -> Any:
    """What Prometheus' API answers."""
    told = prometheus.get(path, params=parameters)
    assert told.status_code == 200, told.text
    return told.json()["data"]
