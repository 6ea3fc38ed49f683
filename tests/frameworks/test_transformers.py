"""Transformers: models over tokens, tiny ones with random weights, since nothing is fetched."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from lading.bundles.bundle import Bundle
from tests.frameworks.conftest import answers
from tests.frameworks.coverage import became, case
from tests.frameworks.transformers_models import BERT, NAMES, calls, made, refused, tokens

pytestmark = pytest.mark.frameworks
Pack = Callable[..., Bundle]


def own(model: Any, rows: dict[str, np.ndarray]) -> np.ndarray:
    model.eval()
    with torch.no_grad():
        return model(**{name: torch.tensor(array) for name, array in rows.items()}).logits.numpy()


@pytest.mark.parametrize("name", [BERT, "GPT2ForSequenceClassification"])
def test_sequence_classifiers_answer_with_their_own_labels(pack: Pack, name: str) -> None:
    bundle = pack(made(name), tokens(40), scores="logits")
    label, probabilities = bundle.manifest.signature.outputs
    assert label.classes == ("calm", "angry", "glad")
    asked = tokens(9)
    expected = torch.softmax(torch.tensor(own(made(name), asked)), 1).numpy()
    found = answers(bundle, asked)
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-4, atol=1e-6)
    assert found["label"].tolist() == [NAMES[int(place)] for place in expected.argmax(1)]
    assert probabilities.tensor.shape == ("batch", 3)


def test_logits_are_scores_where_nobody_asks_for_probabilities(pack: Pack) -> None:
    outputs = pack(made(BERT), tokens(20, types=True)).manifest.signature.outputs
    assert [(output.tensor.name, output.meaning) for output in outputs] == [("label", "label"), ("logits", "scores")]


def test_texts_of_any_length_are_calls_taken_whole(pack: Pack) -> None:
    bundle = pack(made(BERT), calls(6))
    assert all(isinstance(field.shape[1], str) for field in bundle.manifest.signature.fields)
    longer = tokens(1, length=29)
    found = answers(bundle, {name: array[None] for name, array in longer.items()})
    np.testing.assert_allclose(found["logits"][0], own(made(BERT), longer), rtol=1e-4, atol=1e-5)


def test_other_models_answer_their_tensors(pack: Pack) -> None:
    bundle = pack(made("BertModel"), tokens(12))
    names = [output.tensor.name for output in bundle.manifest.signature.outputs]
    assert names == ["last_hidden_state", "pooler_output"]


def test_several_labels_for_each_row_are_no_classes(pack: Pack) -> None:
    bundle = pack(made(BERT, problem_type="multi_label_classification"), tokens(12))
    assert [output.meaning for output in bundle.manifest.signature.outputs] == ["tensor"]


REFUSED = {
    "rows that no tokenizer made": r"takes tokens, the data has x0.*tokenizer\(texts",
    "bfloat16": r"is of type torch\.bfloat16; give the module in float32",
    "without the decoder's tokens": "exactly one of input_ids or inputs_embeds",
}


def test_every_refusal_is_told_with_a_way_out() -> None:
    assert {one.what for one in refused()} == set(REFUSED)


@pytest.mark.parametrize(("what", "told"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_followed_is_refused_with_a_way_out(what: str, told: str) -> None:
    found = became(case("transformers", what))
    assert found.precision is None
    assert re.search(told, found.reason)
