"""A load test of the image that is to be shipped: the container is started, asked, measured and removed."""

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import docker

from lading.loadtests.reporting.document import read_result

LADING = Path(sys.executable).with_name("lading")


def test_a_bundle_is_tested_in_a_container(
    client: docker.DockerClient, runtime: str, bundles: Mapping[str, Path], tmp_path: Path
) -> None:
    before = {one.id for one in client.containers.list(all=True)}
    options = ["--image", runtime, "--replicas", "1", "--rate", "20", "--seconds", "8", "--warm-up", "1"]
    command: list[str | Path] = [LADING, "loadtest", bundles["cells"], *options, "--slo", "p50=20s", "--out", tmp_path]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    result = read_result(tmp_path / "report.json")
    assert result.candidate.target == f"a container of {runtime}"
    assert result.candidate.lading == version("lading")
    assert result.steps[-1].answered > 100, ran.stderr
    assert not result.steps[-1].failed
    assert result.steps[-1].phases is not None
    assert any(sample.server_cpu for sample in result.steps[-1].machine)
    assert any(sample.server_bytes for sample in result.steps[-1].machine)
    assert result.verdict == "passed", ran.stdout
    assert {one.id for one in client.containers.list(all=True)} == before


def test_an_image_that_is_not_there_is_said_to_be_missing(
    client: docker.DockerClient, bundles: Mapping[str, Path], tmp_path: Path
) -> None:
    command: list[str | Path] = [LADING, "loadtest", bundles["cells"], "--image", "nobody/made:this", "--out", tmp_path]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert "a container of nobody/made:this did not become ready" in ran.stderr
    assert "No such image" in ran.stderr
