"""The inventory: which packages an image has, and under which licences; written when the runtime image is built.

``python -m lading.runtime.images.inventory FOLDER`` writes ``packages.json``, CycloneDX's components, and the texts of
the licences, those of a package in a folder of its own.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import orjson

PLACE = "/opt/lading/share"
"""Where an image has it."""
PACKAGES = "packages.json"
TEXTS = "licences"
LONGEST_NAME = 100
"""Some write the whole text of a licence where its name belongs."""
_TEXT = re.compile(r"(licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)


def write_inventory(folder: Path, found: list[Distribution] | None = None) -> None:
    """Write it into ``folder``; about the packages that this Python can load, where no others are given."""
    packages = sorted(list(distributions()) if found is None else found, key=lambda each: each.name.lower())
    folder.mkdir(parents=True, exist_ok=True)
    components = [_component(package, list(_copied(package, folder / TEXTS))) for package in packages]
    (folder / PACKAGES).write_bytes(orjson.dumps(components, option=orjson.OPT_INDENT_2))


def _component(package: Distribution, texts: list[str]) -> dict[str, Any]:
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', package.name).lower()}@{package.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
    }
    if licence := _licence(package):
        component["licenses"] = [licence]
    if texts:
        component["properties"] = [{"name": "lading:licence", "value": text} for text in texts]
    return component


def _licence(package: Distribution) -> dict[str, Any] | None:
    """As the package states it: an SPDX expression, else a name, else what its classifiers say."""
    if expression := _stated(package, "License-Expression"):
        return {"expression": expression[0]}
    names = [text.strip().partition("\n")[0] for text in _stated(package, "License")]
    if not names or not 0 < len(names[0]) <= LONGEST_NAME:
        classified = (each for each in _stated(package, "Classifier") if each.startswith("License :: "))
        names = [each.rpartition(" :: ")[2] for each in classified]
    return {"license": {"name": ", ".join(names)}} if names else None


def _stated(package: Distribution, field: str) -> list[str]:
    return package.metadata.get_all(field) or []


def _copied(package: Distribution, folder: Path) -> Iterator[str]:
    """The texts of its licences, each copied to where all of them are; those deep inside of what it brings too."""
    for file in package.files or []:
        source = Path(str(package.locate_file(file)))
        if _TEXT.search(file.as_posix()) and file.suffix not in (".py", ".pyc") and source.is_file():
            target = folder / f"{package.name}-{package.version}" / file.as_posix().replace("../", "").replace("/", "-")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            yield target.relative_to(folder.parent).as_posix()


if __name__ == "__main__":
    write_inventory(Path(sys.argv[1]))
