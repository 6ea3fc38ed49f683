"""Texts: what a vectorizer finds in a text, the graph finds too, whatever the text is."""

import random
import re
from typing import Any

import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from lading.converters.converter import UnconvertibleError

PIECES = [*"abciéÉİ#'-7_\n\t \u00a0\u0301", "  ", " \n", "and ", " red ", "Ab", "don't", "x y"]
GREEK = [*"ΣσςαΑΩ '\u0301·İʰ\u00ad3a", "ΟΔΟΣ", "Σ'Σ"]


def _texts(pieces: list[str], count: int, seed: int) -> list[str]:
    drawn = random.Random(seed)
    return ["".join(drawn.choices(pieces, k=drawn.randint(0, 12))) for _ in range(count)]


CORPUS = ["red wine and white wine", *_texts(PIECES, 60, 0)]
QUERIES = [*_texts(PIECES, 400, 1), "", "and", "red and and Red AND wine", "a  b", "a\nb", "été naïve", "İSTANBUL", "##", "#"]  # fmt: skip

VECTORIZERS = {
    "words": CountVectorizer(),
    "pairs": CountVectorizer(ngram_range=(1, 2)),
    "pairs and triples alone": CountVectorizer(ngram_range=(2, 3)),
    "pairs across a stop word": CountVectorizer(ngram_range=(1, 2), stop_words=["and", "ab"]),
    "English stop words": CountVectorizer(ngram_range=(1, 2), stop_words="english"),
    "a stop word that is a term": CountVectorizer(stop_words=["and"], vocabulary=["and", "red", "wine"]),
    "words of one letter": CountVectorizer(token_pattern=r"\w+"),
    "words with bounds": CountVectorizer(token_pattern=r"(?u)\b\w+\b", ngram_range=(1, 3)),
    "words of some letters": CountVectorizer(token_pattern=r"(?u)\b[a-z]{2,}\b", ngram_range=(1, 2)),
    "words of three letters": CountVectorizer(token_pattern=r"\b\w{3}\b"),
    "letters of ASCII": CountVectorizer(token_pattern="[a-z]+"),
    "whatever is no space": CountVectorizer(token_pattern=r"\S+", ngram_range=(2, 2)),
    "letters alone": CountVectorizer(token_pattern=r"[^\W\d_]+", lowercase=False),
    "apostrophes within": CountVectorizer(token_pattern=r"[a-z]+'?[a-z\d]*"),
    "blanks within": CountVectorizer(token_pattern="[a-z ]+"),
    "anything on a line": CountVectorizer(token_pattern=".+"),
    "characters": CountVectorizer(analyzer="char"),
    "pairs of characters": CountVectorizer(analyzer="char", ngram_range=(2, 2)),
    "characters as they are": CountVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False),
    "whether characters are there": CountVectorizer(analyzer="char", binary=True),
    "terms of several lengths": CountVectorizer(vocabulary=["red and red", "ab", "a b c d"], ngram_range=(1, 3)),
    "weights of pairs": TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+"),
    "weights of logarithms": TfidfVectorizer(sublinear_tf=True, use_idf=False, norm="l1"),
}


@pytest.mark.parametrize("vectorizer", VECTORIZERS.values(), ids=VECTORIZERS)
def test_the_graph_counts_what_the_vectorizer_counts(vectorizer: Any, same: Any) -> None:
    same(vectorizer.fit(CORPUS), pd.DataFrame({"text": CORPUS}), pd.DataFrame({"text": QUERIES}))


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(token_pattern=r"\w+", ngram_range=(1, 2)),
        CountVectorizer(analyzer="char", ngram_range=(1, 3)),
        TfidfVectorizer(),
    ],
)
def test_capital_sigmas_become_lower_case_as_the_letters_around_them_say(vectorizer: Any, same: Any) -> None:
    rows = _texts(GREEK, 150, 2)
    same(vectorizer.fit(rows), pd.DataFrame({"text": rows}), pd.DataFrame({"text": _texts(GREEK, 1000, 3)}))


@pytest.mark.parametrize("text", ["", "and", "İ", "##"])
def test_one_text_alone_may_have_nothing_that_counts(text: str, same: Any) -> None:
    model = VECTORIZERS["pairs across a stop word"].fit(CORPUS)
    same(model, pd.DataFrame({"text": CORPUS}), pd.DataFrame({"text": [text]}))


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\w+)x",
        r"\w+|[^\w\s]",
        r"\w+?",
        r"\w*",
        r"\w+(?=a)",
        r"\b[a-z]+",
        r"\b\S+\b",
        r"(?i)[a-z]+",
        r"\b",
        "[a",
        "[z-a]",
        re.compile("a"),
    ],
    ids=str,
)
def test_a_pattern_that_the_graph_cannot_follow_is_refused(pattern: Any, convert: Any) -> None:
    model = CountVectorizer(vocabulary=["red", "wine"], token_pattern=pattern)
    model._validate_vocabulary()
    with pytest.raises(UnconvertibleError, match=r"finds words by a token_pattern .*; train with one of characters"):
        convert(model, pd.DataFrame({"text": CORPUS}))


def test_terms_of_words_with_blanks_in_them_are_refused(convert: Any) -> None:
    model = CountVectorizer(token_pattern="[a-z ]+", ngram_range=(1, 2)).fit(CORPUS)
    with pytest.raises(UnconvertibleError, match="may have blanks in them"):
        convert(model, pd.DataFrame({"text": CORPUS}))
