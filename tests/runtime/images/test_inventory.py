"""The inventory: packages and their licences, as they state them in their several ways."""

import json
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from lading.runtime.images.inventory import write_inventory


def package(folder: Path, stated: str) -> Distribution:
    """A package called ``One_Two``, with a text of its licence."""
    place = folder / "one_two-1.0.dist-info"
    (place / "licenses").mkdir(parents=True)
    (place / "METADATA").write_text(f"Metadata-Version: 2.4\nName: One_Two\nVersion: 1.0\n{stated}\n")
    (place / "licenses" / "LICENSE").write_text("Do as you like.")
    (place / "RECORD").write_text("one_two-1.0.dist-info/METADATA,,\none_two-1.0.dist-info/licenses/LICENSE,,\n")
    return PathDistribution(place)


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        pytest.param("License-Expression: MIT OR Apache-2.0", {"expression": "MIT OR Apache-2.0"}, id="an expression"),
        pytest.param("License: GPLv2", {"license": {"name": "GPLv2"}}, id="a name"),
        pytest.param(
            f"License: {'word ' * 40}\nClassifier: License :: OSI Approved :: BSD License",
            {"license": {"name": "BSD License"}},
            id="the whole text in the place of a name",
        ),
    ],
)
def test_a_package_is_a_component_with_its_licence(stated: str, licence: object, tmp_path: Path) -> None:
    write_inventory(tmp_path / "share", [package(tmp_path, stated)])
    (component,) = json.loads((tmp_path / "share" / "packages.json").read_text())
    assert component["purl"] == "pkg:pypi/one-two@1.0"
    assert component["licenses"] == [licence]
    (text,) = [each["value"] for each in component["properties"]]
    assert (tmp_path / "share" / text).read_text() == "Do as you like."


def test_one_that_states_none_has_none(tmp_path: Path) -> None:
    write_inventory(tmp_path / "share", [package(tmp_path, "")])
    assert "licenses" not in json.loads((tmp_path / "share" / "packages.json").read_text())[0]
