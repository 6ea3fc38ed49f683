"""Reading a manifest: one form, nothing overlooked, newer formats told apart from broken ones."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from lading.bundles import manifest_reading
from lading.bundles.canonical import canonical_json
from lading.bundles.draft import Draft, draw_up
from lading.bundles.manifest import Manifest
from lading.bundles.manifest_reading import read_manifest
from lading.bundles.storage.integrity import BundleError, ManifestError, NewerFormatError


@pytest.fixture
def data(draft: Draft) -> bytes:
    _, manifest = draw_up(draft)
    return manifest


def test_a_manifest_is_read_as_it_was_written(data: bytes) -> None:
    manifest = read_manifest(data, "x")
    assert canonical_json(manifest) == data
    assert manifest.deployment == "penguins 1.0.0"
    assert manifest.provenance.experiment.parameters == {"memory": None, "tol": 1e20, "grid": [{"alpha": 1e20}]}
    assert isinstance(manifest.provenance.experiment.parameters["tol"], float)


def changed(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    document = orjson.loads(data)
    change(document)
    return canonical_json(document)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(lambda data: data + b"\n", "not canonical", id="a line end"),
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, "not JSON", id="byte order mark"),
        pytest.param(lambda data: data.decode().encode("utf-16"), "not JSON", id="UTF-16"),
        pytest.param(lambda data: data[:-1] + b',"name":"other"}', "not canonical", id="a name twice"),
        pytest.param(
            lambda data: orjson.dumps(orjson.loads(data), option=orjson.OPT_INDENT_2), "not canonical", id="spaces"
        ),
        pytest.param(
            lambda data: data.replace(b'"ir_version":10', b'"ir_version":1e1'), "not canonical", id="a number"
        ),
        pytest.param(
            lambda data: data.replace(b'"ir_version":10', b'"ir_version":9007199254740993'), "canonical", id="digits"
        ),
        pytest.param(lambda data: data.replace(b"penguins", b"\\u0070enguins"), "not canonical", id="an escape"),
        pytest.param(lambda data: data.replace(b'"ir_version":10', b'"ir_version":NaN'), "not JSON", id="NaN"),
        pytest.param(lambda data: data[:-1], "not JSON", id="cut short"),
        pytest.param(lambda _: b"[]", "not a JSON object", id="an array"),
        pytest.param(lambda _: b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "nests more than 32", id="deep"),
        pytest.param(lambda _: b"{}", "does not say its format", id="empty"),
        pytest.param(
            lambda data: data.replace(b'"format":1', b'"format":true'), "does not say its format", id="format true"
        ),
        pytest.param(lambda data: data.replace(b'"format":1', b'"format":0'), "does not say its format", id="format 0"),
        pytest.param(lambda data: data.replace(b'"ir_version":10', b'"ir_version":"10"'), "ir_version", id="a text"),
        pytest.param(lambda data: changed(data, lambda d: d.update(extra=1)), "extra", id="an unknown member"),
        pytest.param(lambda data: changed(data, lambda d: d.pop("parity")), "parity", id="a member missing"),
        pytest.param(lambda data: changed(data, lambda d: d.update(name="Penguins")), "name", id="a bad name"),
        pytest.param(lambda data: changed(data, lambda d: d["files"].reverse()), "sorted by path", id="unsorted files"),
        pytest.param(
            lambda data: changed(data, lambda d: d["files"].append(d["files"][-1])), "each once", id="a file twice"
        ),
        pytest.param(
            lambda data: changed(data, lambda d: d["graph"].update(path="model/x")), "not among", id="no graph"
        ),
        pytest.param(lambda data: changed(data, lambda d: d["files"].pop(0)), "must list", id="no card"),
        pytest.param(
            lambda data: changed(data, lambda d: d["files"].append({**d["files"][-1], "path": "setup.py"})),
            "no place for the file 'setup.py'",
            id="code",
        ),
        pytest.param(
            lambda data: changed(data, lambda d: d["signature"]["fields"][0]["feed"].update(input="x")),
            "not an input",
            id="a feed to nowhere",
        ),
    ],
)
def test_a_manifest_that_breaks_the_format_is_refused(data: bytes, spoil: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(spoil(data), "x.lading")
    assert words in str(caught.value)
    assert "x.lading: manifest.json" in str(caught.value)


def test_a_manifest_that_is_too_long_is_not_even_parsed(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_reading, "LARGEST_MANIFEST", len(data) - 1)
    with pytest.raises(ManifestError, match="are allowed"):
        read_manifest(data, "x")


def test_a_newer_format_asks_for_an_update_whatever_else_it_holds() -> None:
    with pytest.raises(NewerFormatError, match=r"format 7; lading .* reads formats up to 1: update lading"):
        read_manifest(b'{"format": 7, "new": [1.50]}', "x.lading")


def test_no_cut_is_read_as_a_manifest(data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(BundleError):
            read_manifest(data[:length], "x")


def test_a_manifest_does_not_change(data: bytes) -> None:
    manifest: Manifest = read_manifest(data, "x")
    with pytest.raises(TypeError):
        manifest.graph.opsets["ai.onnx"] = 1  # type: ignore[index]
