"""The packaging: everything that is written is installed, and every entry point leads somewhere."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from lading.core.plugins import GROUPS

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
STAY_OUT = {"benchmarks", "examples", "tests"}
FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in STAY_OUT)
POINTS = [
    (group, name, value)
    for group, points in {
        **PROJECT["project"]["entry-points"],
        "console_scripts": PROJECT["project"]["scripts"],
    }.items()
    for name, value in points.items()
]


def test_every_folder_of_code_is_installed() -> None:
    found = {
        ".".join(("lading", *path.parent.relative_to(ROOT).parts))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_folder_of_code_has_its_name_in_the_namespace() -> None:
    mapped = PROJECT["tool"]["setuptools"]["package-dir"]
    assert mapped == {f"lading.{folder}": folder for folder in FOLDERS}
    assert {link.name: link.resolve() for link in (ROOT / ".imports" / "lading").iterdir()} == {
        folder: ROOT / folder for folder in FOLDERS
    }


def test_every_folder_of_code_is_typed_and_kept_from_being_imported_twice() -> None:
    tools = PROJECT["tool"]
    assert [folder for folder in FOLDERS if not (ROOT / folder / "py.typed").exists()] == []
    assert set(tools["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]) == set(FOLDERS)


@pytest.mark.parametrize(("group", "name", "value"), POINTS, ids=lambda value: str(value))
def test_every_entry_point_leads_to_something_callable(group: str, name: str, value: str) -> None:
    assert callable(EntryPoint(name, value, group).load())


def test_every_group_of_plugins_is_known_to_the_core() -> None:
    assert set(PROJECT["project"]["entry-points"]) == set(GROUPS)
