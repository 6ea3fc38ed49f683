"""What a model was given is told by the names of its fields, as it was sent; and nothing of a redacted field is."""

import math

import numpy as np
import pytest

from lading.bundles.sensitive import marked
from lading.bundles.tensors.values import kind_of
from lading.runtime.deployments import Deployments
from lading.runtime.requests.field_values import ALL, REDACTED, FieldValues

MODELS = ("cells", "coins", "counts", "images", "mosaics", "penguins")


def same(found: object, sent: object, numeric: bool) -> bool:
    """Whether a value came back as it was sent; in a narrower type it has less digits."""
    if isinstance(sent, list):
        assert isinstance(found, list)
        return len(found) == len(sent) and all(same(*both, numeric) for both in zip(found, sent, strict=True))
    if sent is None or (isinstance(sent, float) and math.isnan(sent)):
        return found is None or found != found
    if numeric and isinstance(sent, float):
        return found == pytest.approx(sent, rel=1e-6)
    return type(found) is type(sent) and found == sent


@pytest.mark.parametrize("name", MODELS)
def test_golden_rows_are_told_as_they_were_given(deployments: Deployments, name: str) -> None:
    model = deployments.get(name)
    feeds = model.encoder.encode(model.golden.columns(model.signature))
    found, golden = FieldValues(model.signature).rows(feeds), model.golden.records(model.signature)
    assert len(found) == len(golden) > 0
    dtypes = {tensor.name: tensor.dtype for tensor in model.signature.inputs}
    for field in model.signature.fields:
        if field.feed is None:
            assert all(field.name not in row for row in found)
            continue
        text = dtypes[field.feed.input] == "string"
        for row, sent in zip(found, golden, strict=True):
            value = sent.get(field.name)
            if text and kind_of(field) not in ("string", "datetime"):
                assert isinstance(row[field.name], str) == (value is not None), "as the graph gets it"
            else:
                assert same(row[field.name], value, not text), (field.name, row[field.name], value)


def test_redacted_fields_show_nothing_and_keep_their_place(deployments: Deployments) -> None:
    model = deployments.get("cells")
    feeds = {"X": np.arange(8, dtype=np.float32).reshape(2, 4)}
    assert FieldValues(model.signature, {"x1", "nothing"}).rows(feeds) == [
        {"x0": 0.0, "x1": REDACTED, "x2": 2.0, "x3": 3.0},
        {"x0": 4.0, "x1": REDACTED, "x2": 6.0, "x3": 7.0},
    ]
    assert FieldValues(model.signature, {ALL}).rows(feeds) == [dict.fromkeys(("x0", "x1", "x2", "x3"), REDACTED)] * 2
    assert FieldValues(model.signature).rows({"X": feeds["X"][:0]}) == []


def test_a_sensitive_field_is_never_told(deployments: Deployments) -> None:
    model = deployments.get("penguins")
    feeds = model.encoder.encode(model.golden.columns(model.signature))
    (row, *_) = FieldValues(marked(model.signature, ["island"]), ["mass"]).rows(feeds)
    assert {name for name, value in row.items() if value == REDACTED} == {"island", "mass"}
