"""The documentation knows every command, setting, plugin group and kind of error that there is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from lading.core import errors
from lading.core.errors import LadingError
from lading.core.plugins import GROUPS, discover, load
from lading.core.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#\s]+)")
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


def commands(name: str) -> Iterator[Any]:
    """The command of that name, or those that it consists of."""
    loaded = load("lading.commands", name)
    if isinstance(loaded, typer.Typer):
        group = typer.main.get_command(loaded)
        yield from group.commands.values()  # type: ignore[attr-defined]
    else:
        application = typer.Typer()
        application.command(name)(loaded)  # type: ignore[type-var]
        yield typer.main.get_command(application)


@pytest.mark.parametrize("name", list(discover("lading.commands")))
def test_every_command_and_option_is_documented(name: str) -> None:
    page = (DOCS / "commands.md").read_text()
    assert f"## lading {name}" in page
    section = page.partition(f"## lading {name}\n")[2].partition("\n## ")[0]
    missing = {
        option
        for command in commands(name)
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option not in ("--help", "--install-completion", "--show-completion")
    }
    assert {option for option in missing if f"`{option}" not in section} == set()


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    page = (DOCS / "settings.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `LADING_{name.upper()}` |")]
    default = Settings.model_fields[name].default
    assert f"| {'' if default is None else default} |".replace("|  |", "| |") in row


@pytest.mark.parametrize("group", GROUPS)
def test_every_plugin_group_is_documented(group: str) -> None:
    assert any(f"`{group}`" in page.read_text() for page in DOCS.rglob("*.md"))


def test_every_exit_code_is_documented() -> None:
    page = (DOCS / "commands.md").read_text()
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LadingError)]
    assert {kind.exit_code for kind in kinds} == {1, 2, 3, 4, 5}
    for kind in kinds:
        assert f"| {kind.exit_code} |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if ":" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
