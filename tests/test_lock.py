"""The lock of the image: what pyproject.toml asks for, by hash."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "runtime" / "images" / "serve.lock").read_text()
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", LOCK, re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [Requirement(text) for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["serve"])]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: str(asked.name))
def test_what_is_locked_is_what_is_asked_for(asked: Requirement) -> None:
    """Else run scripts/lock."""
    assert LOCKED[asked.name] in asked.specifier


def test_every_package_has_hashes() -> None:
    blocks = re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(LOCKED)
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
