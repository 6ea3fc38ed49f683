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
NEED_FRAMEWORKS = tuple(f"lading.converters.{name}." for name in ("jax", "keras", "torch", "transformers"))
"""The folders of modules that import a framework, which the environment of most tests does not have."""


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith(NEED_FRAMEWORKS)])
def test_examples_are_true(name: str) -> None:
    check(name)


@pytest.mark.frameworks
@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith(NEED_FRAMEWORKS)])
def test_examples_beside_a_framework_are_true(name: str) -> None:
    check(name)


def check(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what other people's packages warn of while they are imported
        module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
