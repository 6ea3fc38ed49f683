"""The difference: equal bundles have none, and each fact that is another has its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.bundle import open_bundle
from lading.bundles.difference import Change, changes, difference
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.provenance import Data
from tests.bundles.graphs import penguins

MakeDraft = Callable[..., Draft]
ONNX = b"\x08\x0a\x3a\x00"
"""An ONNX file with an IR version, and a graph of nothing."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, JSON)
def test_values_have_no_changes_exactly_when_they_are_equal(one: Any, other: Any) -> None:
    assert changes(one, one) == []
    if changes(one, other) == []:
        assert one == other


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"a": 1}, {"a": 2}, [Change("a", "changed", 1, 2)], id="a member"),
        pytest.param({}, {"a": None}, [Change("a", "added", after=None)], id="a null that is new"),
        pytest.param({"a": [1, 2]}, {"a": [1]}, [Change("a", "changed", [1, 2], [1])], id="a list is one value"),
        pytest.param({"a": []}, {"a": {}}, [Change("a", "changed", [], {})], id="nothing in a list, nothing in an object"),
        pytest.param(
            [{"name": "x", "k": 1}], [{"name": "y"}, {"name": "x", "k": 2}],
            [Change("x.k", "changed", 1, 2), Change("y", "added", after={})], id="items by name, whatever their order",
        ),
        pytest.param(
            {"steps": [["clf", {"estimator": "A", "parameters": {"C": 1}}]]},
            {"steps": [["clf", {"estimator": "B", "parameters": {"C": 2}}]]},
            [Change("steps.clf", "changed", "A", "B"), Change("steps.clf.C", "changed", 1, 2)], id="an estimator",
        ),
        pytest.param(
            [["n", "passthrough", ["a"]]], [["n", "drop", ["a", "b"]]],
            [Change("n.step", "changed", "passthrough", "drop"), Change("n.columns", "changed", ["a"], ["a", "b"])],
            id="a step with its columns",
        ),
        pytest.param(
            [{"tensor": {"name": "y", "dtype": "a"}}], [{"tensor": {"name": "y", "dtype": "b"}}],
            [Change("y.dtype", "changed", "a", "b")], id="an output",
        ),
        pytest.param([{"output": "y", "n": 1}], [{"output": "y", "n": 2}], [Change("y.n", "changed", 1, 2)], id="parity"),
    ],
)  # fmt: skip
def test_changes(before: Any, after: Any, expected: list[Change]) -> None:
    assert changes(before, after) == expected


@pytest.fixture
def compare(make_draft: MakeDraft, tmp_path: Path) -> Callable[..., dict[str, list[Change]]]:
    """The difference between a bundle and the same with changes."""

    def compare(**changed: Any) -> dict[str, list[Change]]:
        write_bundle(make_draft(model=ONNX), tmp_path / "a.lading")
        write_bundle(make_draft(**{"model": ONNX, **changed}), tmp_path / "b.lading")
        with open_bundle(tmp_path / "a.lading") as first, open_bundle(tmp_path / "b.lading") as second:
            return difference(first, second)

    return compare


Compare = Callable[..., dict[str, list[Change]]]


def test_the_same_bundle_has_no_difference(compare: Compare) -> None:
    assert compare() == {}


def test_every_section_has_its_changes(compare: Compare, draft: Draft) -> None:
    provenance, data = draft.provenance, draft.provenance.data
    test = Data(digest="sha256:" + "1" * 64, rows=9, columns=3)
    experiment = provenance.experiment.model_copy(update={"metrics": {"accuracy": 0.5}, "parameters": {"memory": None}})
    code = provenance.code.model_copy(update={"dirty": True})
    found = compare(
        version="1.1.0",
        provenance=provenance.model_copy(
            update={
                "data": data.model_copy(update={"rows": 345}),
                "datasets": {"test": test},
                "experiment": experiment,
                "code": code,
            }
        ),
        signature=draft.signature.model_copy(
            update={
                "fields": (draft.signature.fields[0].model_copy(update={"nullable": False}), draft.signature.fields[1])
            }
        ),
        golden=draft.golden.model_copy(
            update={"outputs": {**draft.golden.outputs, "label": ("Adelie", "Adelie")}, "rows": 2}
        ),
        profile=draft.profile.model_copy(update={"rows": 345}),
        model=ONNX + b"\x42\x02\x10\x15",
    )
    assert found["bundle"] == [Change("version", "changed", "1.0.0", "1.1.0")]
    assert found["signature"] == [Change("fields.mass.nullable", "changed", True, False)]
    assert [change.name for change in found["data"]] == ["rows", "test"]
    assert found["profile"] == [Change("rows", "changed", 344, 345)]
    assert [change.name for change in found["parameters"]] == ["grid", "tol"]
    assert found["metrics"] == [Change("accuracy", "changed", 0.98, 0.5)]
    assert found["code"] == [Change("dirty", "changed", False, True)]
    assert [change.name for change in found["graph"]] == ["model/model.onnx", "opset ai.onnx"]
    assert found["golden rows"] == [
        Change("rows answered otherwise", "added", after="1 of 2"),
        Change('{"island":"Dream","mass":null} label', "changed", "Gentoo", "Adelie"),
    ]
    assert "files" not in found


def test_rows_that_only_one_bundle_has_are_counted(compare: Compare, draft: Draft) -> None:
    golden = draft.golden.model_copy(update={"fields": {**draft.golden.fields, "mass": (1.0, None)}})
    found = compare(golden=golden)
    assert [(change.name, change.before, change.after) for change in found["golden rows"]] == [
        ("rows that only the first has", 1, None),
        ("rows that only the second has", None, 1),
    ]


def test_files_beside_the_graph_belong_to_it(compare: Compare) -> None:
    found = compare(model=penguins(external={"x": 0}), extra_files={"model/x": b""})
    assert {"model/model.onnx", "model/x"} <= {change.name for change in found["graph"]}
