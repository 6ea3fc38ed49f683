"""The examples for GitHub Actions and GitLab CI: their schemas, and their commands, run in order."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lading.bundles.bundle import open_bundle

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "ci"
GITHUB, GITLAB = EXAMPLES / "github-actions.yml", EXAMPLES / "gitlab-ci.yml"
BIN = Path(sys.executable).parent
VERSION = "v1.2.3"
ELSEWHERE = re.compile(r"\b(pip install|gh release|lading image|curl)\b")
"""What asks machines other than this one."""


def document(path: Path) -> Any:
    """What a YAML file of the examples says."""
    return yaml.safe_load(path.read_text())


def steps(path: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every script that an example runs, in order, with the variables that the example gives it."""
    found = document(path)
    if path == GITHUB:
        for job in found["jobs"].values():
            for step in job["steps"]:
                if "run" in step:
                    yield step["run"], {**found["env"], **step.get("env", {})}
    else:
        for stage in found["stages"]:
            for script in found[stage]["script"]:
                yield script, found["variables"]


def commands(path: Path) -> list[str]:
    """The command lines of Lading in an example, with what differs between the two made the same."""
    text = "\n".join(script.replace("\\\n", "") for script, _ in steps(path))
    for gitlab, github in (
        ("CI_COMMIT_TAG", "GITHUB_REF_NAME"),
        ("CI_REGISTRY_IMAGE", "IMAGE"),
        ("CI_JOB_URL", "RUN_URL"),
    ):
        text = text.replace(f"${gitlab}", f"${github}").replace(f"${{{gitlab}", f"${{{github}")
    found = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line in found if line.startswith("lading ")]


@pytest.mark.parametrize(("schema", "path"), [("github-workflows", GITHUB), ("gitlab-ci", GITLAB)])
def test_the_platform_knows_every_field(schema: str, path: Path) -> None:
    command: list[str | Path] = [BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", path]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout


def test_both_platforms_run_the_same_commands() -> None:
    assert commands(GITHUB) == commands(GITLAB)
    assert [line.split()[1] for line in commands(GITHUB)] == [
        "package", "sign", "loadtest", "release", "image", "image"
    ]  # fmt: skip


@pytest.mark.parametrize("path", [GITHUB, GITLAB], ids=lambda path: str(path.name))
def test_every_script_is_one_that_bash_reads(path: Path) -> None:
    for script, _ in steps(path):
        subprocess.run(["bash", "-n", "-c", script], check=True, timeout=20)


def test_a_key_is_where_nothing_is_trained() -> None:
    jobs = document(GITHUB)["jobs"]
    assert "secrets" not in str(jobs["package"])
    assert "train" not in str(jobs["release"])
    assert "environment" not in document(GITLAB)["package"]


class Runner:
    """A machine of GitHub's with the example on it, as far as no other machine is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("train.py", "trust.toml"):
            (folder / name).write_bytes((EXAMPLES / name).read_bytes())
        self.run([str(BIN / "lading"), "keygen", "ci.key"])
        self.values = {"${{ secrets.LADING_SIGNING_KEY }}": (folder / "ci.key").read_text()}

    def run(self, command: list[str], **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the folder of the example; it must end with 0."""
        environment = {**os.environ, **variables, "PATH": f"{BIN}:{os.environ['PATH']}"}
        ran = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran

    def step(self, script: str, variables: Mapping[str, str]) -> str:
        """Run a step as GitHub does; what it said."""
        given = {name: self.values.get(value, value) for name, value in variables.items()}
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return self.run(shell, GITHUB_REF_NAME=VERSION, **given).stdout


@pytest.mark.restarts
@pytest.mark.timeout(600)
def test_the_commands_release_a_bundle_that_a_server_would_take(tmp_path: Path) -> None:
    runner, said = Runner(tmp_path), ""
    for script, variables in steps(GITHUB):
        if ELSEWHERE.search(script):
            continue
        # How quick this machine is decides nothing here, and five thousand requests take too long.
        patient = script.replace("p99=50ms", "p99=20s").replace("errors=0.1%", "errors=5%")
        said = runner.step(patient, {**variables, "LOAD_RATE": "80", "LOAD_SECONDS": "8"})
    assert said.startswith("released  penguins.lading  penguins 1.2.3  sha256:")
    shown = runner.run(["lading", "verify", "penguins.lading", "--trust", "trust.toml"]).stdout
    assert "release  verified by ci" in shown
    with open_bundle(tmp_path / "penguins.lading") as bundle:
        assert bundle.manifest.version == VERSION.removeprefix("v")
