"""The examples in docstrings are true.

``pytest --doctest-modules`` would import the folders a second time, by their own names.
"""

import doctest
import importlib
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    ".".join(("lading", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for folder in (ROOT / ".imports" / "lading").iterdir()
    for path in (ROOT / folder.name).rglob("*.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what other people's packages warn of while they are imported
        module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
