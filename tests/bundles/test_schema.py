"""The JSON Schemas in the documentation are those of the records, and say what a reader would."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from lading.bundles.draft import Draft, write_bundle

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "schema"
FILES = {"golden": "golden/rows.json", "manifest": "manifest.json", "profile": "profile.json"}


def test_the_schemas_are_up_to_date() -> None:
    expected = runpy.run_path(str(ROOT / "scripts" / "schema"))["schemas"]()
    found = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    assert found == expected, "run .venv/bin/python scripts/schema"


@pytest.mark.parametrize("name", FILES)
def test_what_is_written_fits_its_schema(name: str, draft: Draft, tmp_path: Path) -> None:
    write_bundle(draft, tmp_path / "x")
    schema = orjson.loads((FOLDER / f"{name}.schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(orjson.loads((tmp_path / "x" / FILES[name]).read_bytes()), schema)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda d: d.pop("format"), id="no format"),
        pytest.param(lambda d: d.update(format=2), id="another format"),
        pytest.param(lambda d: d.update(extra=1), id="an unknown member"),
        pytest.param(lambda d: d.pop("signature"), id="no signature"),
        pytest.param(lambda d: d["signature"].update(fields=[]), id="no fields"),
        pytest.param(lambda d: d["files"][0].update(sha256="x"), id="no digest"),
        pytest.param(lambda d: d["files"][0].update(path="../x"), id="a path that climbs"),
    ],
)
def test_what_breaks_the_format_breaks_the_schema(
    draft: Draft, tmp_path: Path, spoil: Callable[[dict[str, Any]], object]
) -> None:
    write_bundle(draft, tmp_path / "x")
    document = orjson.loads((tmp_path / "x" / "manifest.json").read_bytes())
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, orjson.loads((FOLDER / "manifest.schema.json").read_bytes()))
