"""Transformers: models over tokens, tiny ones with random weights, since nothing is fetched."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from lading.bundles.bundle import Bundle
from lading.converters import UnconvertibleError
from tests.frameworks.conftest import answers

pytestmark = pytest.mark.frameworks
Pack = Callable[..., Bundle]
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
NAMES = {0: "calm", 1: "angry", 2: "glad"}
LABELS = {"id2label": NAMES, "label2id": {"calm": 0, "angry": 1, "glad": 2}}


def tokens(rows: int, length: int = 16, types: bool = False) -> dict[str, np.ndarray]:
    """What a tokenizer makes of texts of any length, padded to one."""
    random = np.random.default_rng(0)
    used = random.integers(3, length + 1, rows)
    mask = (np.arange(length)[None] < used[:, None]).astype(np.int64)
    made = {"input_ids": random.integers(5, 99, (rows, length)) * mask + (1 - mask), "attention_mask": mask}
    if types:
        made["token_type_ids"] = (np.arange(length)[None] >= used[:, None] // 2).astype(np.int64) * mask
    return made


def bert(**more: Any) -> Any:
    torch.manual_seed(0)
    return BertForSequenceClassification(BertConfig(vocab_size=100, **SMALL, **LABELS, **more))


def roberta() -> Any:
    torch.manual_seed(0)
    return RobertaForSequenceClassification(RobertaConfig(vocab_size=100, **SMALL, **LABELS))


def distilbert() -> Any:
    torch.manual_seed(0)
    sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    return DistilBertForSequenceClassification(DistilBertConfig(vocab_size=100, **sizes, **LABELS))


def gpt2() -> Any:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=100, n_embd=32, n_layer=2, n_head=2, pad_token_id=1, **LABELS)
    return GPT2ForSequenceClassification(config)


def own(model: Any, rows: dict[str, np.ndarray]) -> np.ndarray:
    model.eval()
    with torch.no_grad():
        return model(**{name: torch.tensor(array) for name, array in rows.items()}).logits.numpy()


@pytest.mark.parametrize("make", [bert, roberta, distilbert, gpt2])
def test_sequence_classifiers_answer_with_their_own_labels(pack: Pack, make: Callable[[], Any]) -> None:
    bundle = pack(make(), tokens(40), scores="logits")
    label, probabilities = bundle.manifest.signature.outputs
    assert label.classes == ("calm", "angry", "glad")
    asked = tokens(9)
    expected = torch.softmax(torch.tensor(own(make(), asked)), 1).numpy()
    found = answers(bundle, asked)
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-4, atol=1e-6)
    assert found["label"].tolist() == [NAMES[int(place)] for place in expected.argmax(1)]
    assert probabilities.tensor.shape == ("batch", 3)


def test_logits_are_scores_where_nobody_asks_for_probabilities(pack: Pack) -> None:
    outputs = pack(bert(), tokens(20, types=True)).manifest.signature.outputs
    assert [(output.tensor.name, output.meaning) for output in outputs] == [("label", "label"), ("logits", "scores")]


def test_texts_of_any_length_are_calls_taken_whole(pack: Pack) -> None:
    calls = [
        {name: array[None] for name, array in zip(tokens(1), row, strict=True)}
        for row in zip(*tokens(6).values(), strict=True)
    ]
    bundle = pack(bert(), calls)
    assert all(isinstance(field.shape[1], str) for field in bundle.manifest.signature.fields)
    longer = tokens(1, length=29)
    found = answers(bundle, {name: array[None] for name, array in longer.items()})
    np.testing.assert_allclose(found["logits"][0], own(bert(), longer), rtol=1e-4, atol=1e-5)


def test_other_models_answer_their_tensors(pack: Pack) -> None:
    torch.manual_seed(0)
    bundle = pack(BertModel(BertConfig(vocab_size=100, **SMALL)), tokens(12))
    names = [output.tensor.name for output in bundle.manifest.signature.outputs]
    assert names == ["last_hidden_state", "pooler_output"]


def test_several_labels_for_each_row_are_no_classes(pack: Pack) -> None:
    bundle = pack(bert(problem_type="multi_label_classification"), tokens(12))
    assert [output.meaning for output in bundle.manifest.signature.outputs] == ["tensor"]


def test_rows_that_no_tokenizer_made_are_refused(pack: Pack) -> None:
    with pytest.raises(UnconvertibleError, match=r"takes tokens, the data has x0.*tokenizer\(texts"):
        pack(bert(), np.zeros((4, 3)))
