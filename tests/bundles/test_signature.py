"""The signature: names that resolve, once each."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from lading.bundles.draft import Draft
from lading.bundles.signature import Signature


def _twice(part: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document[part].append(document[part][0])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(_twice("fields"), "two fields are named 'mass'", id="a field twice"),
        pytest.param(_twice("inputs"), "two inputs are named 'numbers'", id="an input twice"),
        pytest.param(_twice("outputs"), "two outputs are named 'label'", id="an output twice"),
        pytest.param(
            lambda d: d["fields"][0]["feed"].update(input="x"), "feeds 'x', which is not an input", id="a feed"
        ),
        pytest.param(
            lambda d: d["outputs"][0].update(coded=True, classes=None), "needs its classes", id="a coded label"
        ),
        pytest.param(lambda d: d.update(fields=[]), "fields", id="no fields"),
        pytest.param(lambda d: d.update(outputs=[]), "outputs", id="no outputs"),
        pytest.param(lambda d: d.update(form="list"), "form", id="an unknown form"),
        pytest.param(lambda d: d["fields"][0].update(name=""), "name", id="a field without a name"),
        pytest.param(
            lambda d: d["fields"][0].update(type="string", default=0),
            "'mass' has a default, which only",
            id="a default",
        ),
        pytest.param(
            lambda d: d["fields"][0].update(shape=["n"]), "'mass' has an open extent, which only", id="an open extent"
        ),
    ],
)
def test_a_signature_that_does_not_hold_together_is_refused(
    draft: Draft, spoil: Callable[[dict[str, Any]], object], words: str
) -> None:
    document = draft.signature.model_dump(mode="json")
    spoil(document)
    with pytest.raises(ValidationError) as caught:
        Signature.model_validate(document)
    assert words in str(caught.value)


def test_a_coded_label_with_classes_holds(draft: Draft) -> None:
    document = draft.signature.model_dump(mode="json")
    document["outputs"][0]["coded"] = True
    assert Signature.model_validate(document).outputs[0].coded


def test_what_counts_rows_is_no_part_of_a_row(draft: Draft) -> None:
    by_rows = draft.signature
    whole = by_rows.model_copy(update={"form": "whole"})
    tensor = by_rows.inputs[0]
    assert by_rows.row_shape(tensor) == tensor.shape[1:]
    assert whole.row_shape(tensor) == tensor.shape
    assert any(map(by_rows.optional, by_rows.fields))
    assert not any(map(whole.optional, whole.fields))
