"""The README's requests, run against a real server of the demo's bundles, answer what the README prints."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.serving.conftest import free_port

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
REQUESTS = re.findall(r"^```console\n\$ (curl .+)\n(.*)\n```$", README, re.MULTILINE)
LADING = Path(sys.executable).with_name("lading")

PACKAGING = """
import sys
from pathlib import Path
from examples import models
from lading.converters import package
for example in (models.penguins(), models.breast_cancer()):
    package(
        example.model, example.train, name=example.name, target=example.target, source=example.source,
        description=example.description, metrics={"accuracy": example.accuracy},
        path=Path(sys.argv[1]) / f"{example.name}.lading",
    )
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the demo's two bundles: what ``localhost:8080`` is in the README."""
    folder = tmp_path_factory.mktemp("readme")
    subprocess.run([sys.executable, "-c", PACKAGING, str(folder)], check=True, cwd=ROOT)
    bundles = [str(folder / name) for name in ("penguins.lading", "breast-cancer.lading")]
    command = [str(LADING), "serve", *bundles, "--port", str(free_port()), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        yield ready["address"].removeprefix("http://")
        server.terminate()
    assert server.returncode == 0


def test_the_readme_shows_five_requests_of_each_kind() -> None:
    kinds = re.findall(r"^### (.+)$|^\$ (curl)", README, re.MULTILINE)
    counts: dict[str, int] = {}
    for heading, _ in kinds:
        if heading:
            counts[kind := heading] = 0
        else:
            counts[kind] += 1
    assert counts == {
        "By field name": 5,
        "By the Open Inference Protocol": 5,
        "What is deployed, and where it came from": 5,
    }


@pytest.mark.parametrize(("command", "printed"), REQUESTS, ids=range(len(REQUESTS)))
def test_a_request_of_the_readme_answers_what_is_printed(address: str, command: str, printed: str) -> None:
    asked = command.replace("localhost:8080", address)
    answered = subprocess.run(["bash", "-c", asked], check=True, capture_output=True, text=True).stdout
    if "…" in printed:
        pattern = ".+".join(re.escape(part) for part in printed.split("…"))
        assert re.fullmatch(pattern, answered, re.DOTALL)
    else:
        assert_same(json.loads(answered), json.loads(printed))


def assert_same(found: Any, expected: Any) -> None:
    """Equal, but for the digits in which versions of scikit-learn differ."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert_same(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-2, abs=1e-4)
    else:
        assert found == expected
