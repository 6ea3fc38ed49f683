"""The layers: what each folder may import, and what a serving machine need not have."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "core": {"core"},
    "bundles": {"core", "bundles"},
    "converters": {"core", "bundles", "converters"},
    "runtime": {"core", "bundles", "runtime"},
    "loadtests": {"core", "bundles", "loadtests"},
}
SOURCES = sorted(path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NOT_FOR_SERVING = {"pandas", "polars", "pyarrow", "onnx", "sklearn", "skl2onnx", "joblib"}
NEEDS_PYARROW = ("lading.runtime.scoring.", "lading.runtime.tables.")
"""The folders that read tables, for ``lading predict`` and where a server has pyarrow; loaded when the first one comes."""


def imported(source: Path) -> set[str]:
    """Every module of ours that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name == "lading" or name.startswith("lading.")}


def module_of(source: Path) -> str:
    parts = ("lading", *source.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    wrong = {
        f"{source.relative_to(ROOT)} imports {name}"
        for source in (ROOT / folder).rglob("*.py")
        for name in imported(source)
        if name.split(".")[1] not in MAY_IMPORT[folder]
    }
    assert wrong == set()


def test_every_folder_of_code_has_its_line_in_the_table() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks", "examples", "tests"}
    assert folders == MAY_IMPORT.keys()


WITHOUT = f"""
import importlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {NOT_FOR_SERVING!r}:
            raise ModuleNotFoundError(name + ' is not installed', name=name)

sys.meta_path.insert(0, Absent())
for name in sys.argv[1:]:
    importlib.import_module(name)
print(sorted(name for name in sys.modules if name.startswith('lading.converters')))
"""


def test_serving_needs_neither_table_readers_nor_training_frameworks() -> None:
    runtime = {module_of(source) for source in SOURCES if source.is_relative_to(ROOT / "runtime")}
    serving = {module for module in runtime if not module.startswith(NEEDS_PYARROW)}
    assert serving < runtime
    command = [sys.executable, "-c", WITHOUT, *sorted(serving)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("source", [*SOURCES, *TESTS], ids=lambda source: str(source.relative_to(ROOT)))
def test_a_module_can_be_read_in_one_sitting(source: Path) -> None:
    text = source.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            statements = node.body[1:] if ast.get_docstring(node) else node.body
            first, last = (statements or node.body)[0], node.body[-1]
            assert last.end_lineno is not None
            assert last.end_lineno - first.lineno < 60, node.name


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_a_module_says_what_it_is(source: Path) -> None:
    docstring = ast.get_docstring(ast.parse(source.read_text()))
    assert docstring
    assert len(docstring) > 10


@pytest.mark.parametrize("source", [path for path in SOURCES if path.name == "__init__.py"], ids=module_of)
def test_a_package_offers_at_most_ten_names(source: Path) -> None:
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "__all__" for target in node.targets):
            assert len(ast.literal_eval(node.value)) <= 10
