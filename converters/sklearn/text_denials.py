"""What is known of text that does not convert: each rule with what is wrong and what to do instead."""

from collections.abc import Callable
from typing import Any

from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from lading.converters.sklearn.tokens import cutting_of, takes_blanks

CLEANERS = ("tokenizer", "preprocessor", "strip_accents")


def _cleans(model: CountVectorizer) -> bool:
    return any(getattr(model, name) is not None for name in CLEANERS)


def _of(concerns: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda model: isinstance(model, CountVectorizer) and concerns(model)


DENIALS: tuple[tuple[Callable[[Any], bool], str, str], ...] = (
    (
        _of(lambda model: model.analyzer not in ("word", "char")),
        "uses an analyzer that ONNX does not have",
        'use analyzer="word" or analyzer="char"',
    ),
    (
        _of(_cleans),
        "cleans its text by a tokenizer, a preprocessor or strip_accents, which ONNX does not have",
        "clean the text before the model, and train with these parameters left at None",
    ),
    (
        _of(lambda model: cutting_of(model) is None),
        "finds words by a token_pattern that ONNX cannot follow",
        r'train with one of characters, classes and repetitions, such as r"(?u)\b\w+\b" or r"[a-z]+"',
    ),
    (
        _of(takes_blanks),
        "makes terms of several words that may have blanks in them, so that nobody knows where one ends",
        "train with ngram_range=(1, 1), or with a token_pattern that takes no blanks",
    ),
    (
        lambda model: isinstance(model, HashingVectorizer | FeatureHasher),
        "hashes text in a way that ONNX does not have",
        "use TfidfVectorizer or CountVectorizer, and DictVectorizer for dictionaries",
    ),
)
"""Whom each concerns, what is wrong with it, and the way out."""
