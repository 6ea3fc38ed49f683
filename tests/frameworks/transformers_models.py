"""Models of transformers, tiny ones with random weights, since nothing is fetched."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
import transformers

from tests.converters.verdicts import Case

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
SMALL = {**SIZES, "vocab_size": 100}
NAMES = {0: "calm", 1: "angry", 2: "glad"}
LABELS = {"id2label": NAMES, "label2id": {"calm": 0, "angry": 1, "glad": 2}}
ENDS = dict.fromkeys(["pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"], 1)

CLASSIFIERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "BertForSequenceClassification": ("BertConfig", SMALL),
    "RobertaForSequenceClassification": ("RobertaConfig", SMALL),
    "DistilBertForSequenceClassification": (
        "DistilBertConfig",
        {"vocab_size": 100, "dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    ),
    "AlbertForSequenceClassification": ("AlbertConfig", {**SMALL, "embedding_size": 16}),
    "DebertaV2ForSequenceClassification": ("DebertaV2Config", SMALL),
    "ModernBertForSequenceClassification": ("ModernBertConfig", {**SMALL, **ENDS}),
    "GPT2ForSequenceClassification": (
        "GPT2Config",
        {"vocab_size": 100, "n_embd": 32, "n_layer": 2, "n_head": 2, **ENDS},
    ),
    "LlamaForSequenceClassification": ("LlamaConfig", {**SMALL, **ENDS, "num_key_value_heads": 2}),
}
"""Classifiers of sequences, with their configurations."""
IMAGES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "ViTForImageClassification": ("ViTConfig", {**SIZES, "image_size": 16, "patch_size": 4}),
    "ResNetForImageClassification": (
        "ResNetConfig",
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"},
    ),
}
"""Classifiers of images."""
OTHERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "BertModel": ("BertConfig", SMALL),
    "BertForTokenClassification": ("BertConfig", SMALL),
    "BertForQuestionAnswering": ("BertConfig", SMALL),
    "BertForMaskedLM": ("BertConfig", SMALL),
    "T5ForConditionalGeneration": (
        "T5Config",
        {"vocab_size": 100, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2},
    ),
}
"""Models without labels."""
BERT, BARE = "BertForSequenceClassification", "BertModel"


def tokens(rows: int, length: int = 16, types: bool = False) -> dict[str, np.ndarray]:
    """What a tokenizer makes of texts of any length, padded to one."""
    random = np.random.default_rng(0)
    used = random.integers(3, length + 1, rows)
    mask = (np.arange(length)[None] < used[:, None]).astype(np.int64)
    made = {"input_ids": random.integers(5, 99, (rows, length)) * mask + (1 - mask), "attention_mask": mask}
    if types:
        made["token_type_ids"] = (np.arange(length)[None] >= used[:, None] // 2).astype(np.int64) * mask
    return made


def calls(rows: int) -> list[dict[str, np.ndarray]]:
    """The same, each row as a call of its own."""
    made = tokens(rows)
    return [{name: array[[row]] for name, array in made.items()} for row in range(rows)]


def made(name: str, **more: Any) -> Any:
    """The model of this class with random weights, the same every time."""
    torch.manual_seed(0)
    labels = {} if name in OTHERS else LABELS
    config, settings = {**CLASSIFIERS, **IMAGES, **OTHERS}[name]
    return getattr(transformers, name)(getattr(transformers, config)(**{**settings, **labels, **more}))


def cases() -> Iterator[Case]:
    """Every case, each made when it is asked for."""
    logits = {"scores": "logits"}
    for name in CLASSIFIERS:
        yield _case(name, "classes of sequences", tokens(40), **logits)
    yield _case(BERT, "classes of pairs of sequences, by scores", tokens(20, types=True))
    several = partial(made, BERT, problem_type="multi_label_classification")
    number = partial(made, BERT, id2label={0: "price"}, label2id={"price": 0})
    yield Case(BERT, "several labels for each row", lambda: (several(), tokens(12)))
    yield Case(BERT, "a number", lambda: (number(), tokens(12)))
    yield _case(BERT, "texts of any length, as calls", calls(6))
    yield _case(BARE, "sequences as numbers", tokens(12))
    yield _case("BertForTokenClassification", "classes of tokens", tokens(12))
    yield _case("BertForQuestionAnswering", "where an answer begins and ends", tokens(12))
    yield _case("BertForMaskedLM", "words that are left out", tokens(12))
    pixels = {"pixel_values": np.random.default_rng(0).normal(size=(12, 3, 16, 16)).astype(np.float32)}
    for name in IMAGES:
        yield _case(name, "classes of images", pixels, **logits)
    yield from refused()


def refused() -> Iterator[Case]:
    """Those that no graph can be made of."""
    yield _case(BERT, "rows that no tokenizer made", np.zeros((4, 3)))
    yield Case(BERT, "bfloat16", lambda: (made(BERT).to(torch.bfloat16), tokens(12)))
    yield _case("T5ForConditionalGeneration", "without the decoder's tokens", tokens(12))


def _case(name: str, what: str, rows: Any, **asked: Any) -> Case:
    return Case(name, what, lambda: (made(name), rows), asked)
