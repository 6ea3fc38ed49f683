"""Counting: the step that stands in for a fitted text vectorizer, and the nodes that cut text and count its terms."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np
from onnx import TensorProto, helper
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.feature_extraction.text import CountVectorizer

from lading.converters.sklearn.nodes import Writer
from lading.converters.sklearn.steps import Step
from lading.converters.sklearn.tokens import (
    CAPITAL_SIGMA,
    FINAL_SIGMA,
    SIGMA,
    Cutting,
    around_sigmas,
    cutting_of,
    has_sigmas,
    stop_words_of,
    terms_of,
)

LOCALE = "C.UTF-8"
DOTTED, UNDOTTED = "İ", "i\u0307"
"""The one letter of which Python makes two when it makes it lower case."""


class Count(Step):
    """Counts the terms of each text: ``terms`` has the tokens of each column."""

    def __init__(
        self,
        cutting: Cutting,
        terms: Sequence[tuple[str, ...]],
        lengths: tuple[int, int],
        lowercase: bool,
        stop_words: tuple[str, ...],
        binary: bool,
    ) -> None:
        self.cutting, self.terms, self.lengths = cutting, terms, lengths
        self.lowercase, self.stop_words, self.binary = lowercase, stop_words, binary

    def kind(self, source: type[Any]) -> type[Any]:
        """Float64."""
        return cast(type[Any], DoubleTensorType)


def count_step(model: CountVectorizer) -> Count:
    """The stand-in for a fitted vectorizer, also for one that weighs the terms afterwards."""
    cutting, (low, high) = cutting_of(model), model.ngram_range
    assert cutting is not None  # noqa: S101  # others are denied
    terms, stop_words = terms_of(model), stop_words_of(model)
    return Count(cutting, terms, (int(low), int(high)), bool(model.lowercase), stop_words, bool(model.binary))


def shape(operator: Any) -> None:
    """Declare the output."""
    operator.outputs[0].type = DoubleTensorType([None, len(operator.raw_operator.terms)])


def write(scope: Any, operator: Any, container: Any) -> None:
    """Write the nodes."""
    writer, step = Writer(scope, container), operator.raw_operator
    text = writer.node("Reshape", [operator.inputs[0].full_name, writer.constant(np.array([-1]))])
    if step.lowercase:
        text = _lower(writer, text, has_sigmas(step.terms))
    tokens = _tokens(writer, step, text)
    counts = writer.node("TfIdfVectorizer", [tokens], **_grams(step))
    if step.binary:
        counts = writer.node("Cast", [counts], to=TensorProto.BOOL)
    writer.node("Cast", [counts], operator.outputs[0].full_name, to=TensorProto.DOUBLE)


def _lower(writer: Writer, text: str, sigmas: bool) -> str:
    """The texts ``[N]`` in lower case, as Python's ``lower`` makes them; ``sigmas`` where it matters which it makes."""
    text = _replaced(writer, text, DOTTED, _undotted)
    if sigmas:
        text = _replaced(writer, text, CAPITAL_SIGMA, _sigma)
    return writer.node("StringNormalizer", [text], case_change_action="LOWER", locale=LOCALE)


def _replaced(writer: Writer, text: str, letter: str, written: Callable[["_Round"], None]) -> str:
    """The texts with something else in the place of a letter; no round is run where no text has it."""
    # What is put at the end makes two parts at least of every text, the last of them empty.
    ended = writer.node("StringConcat", [text, _texts(writer, letter)])
    parts, counts = writer.nodes("StringSplit", [ended], 2, delimiter=letter)
    first = writer.node("Gather", [parts, writer.constant(np.array(0))], axis=1)
    size = writer.node("Gather", [writer.node("Shape", [parts]), writer.constant(np.array([1]))])
    rounds = writer.node("Sub", [size, writer.constant(np.array([2]))])
    body = _Round(parts, counts)
    written(body)
    return writer.node("Loop", [rounds, writer.constant(np.array(True)), first], body=body.graph())


class _Round:
    """A round of a loop, in which another part is put behind those ``before`` it, and something between them."""

    def __init__(self, parts: str, counts: str) -> None:
        self._name, self._nodes, self._constants = parts, list[Any](), list[Any]()
        self.before = self._inside("before")
        self._one = self.constant(TensorProto.INT64, 1)
        place = self.node("Add", self._inside("round"), self._one)
        self.part = self._node("Gather", [parts, place], axis=1)
        self._next = self.node("Add", place, self._one)
        self._counts = counts

    def _inside(self, name: str) -> str:
        return f"{self._name}_{name}"

    def _node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        output = self._inside(str(len(self._nodes)))
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def node(self, operator: str, *inputs: str) -> str:
        """One node; its output's name."""
        return self._node(operator, list(inputs))

    def matches(self, text: str, pattern: str) -> str:
        """Whether texts are what a pattern says, from end to end."""
        return self._node("RegexFullMatch", [text], pattern=pattern)

    def constant(self, kind: int, value: Any) -> str:
        """One number or text."""
        name = self._inside(f"constant_{len(self._constants)}")
        shape, data = ([1], [value.encode()]) if kind == TensorProto.STRING else ([], [value])
        self._constants.append(helper.make_tensor(name, kind, shape, data))
        return name

    def text(self, value: str) -> str:
        """One text."""
        return self.constant(TensorProto.STRING, value)

    def goes_on(self) -> str:
        """Whether the letter comes once more after the part."""
        return self.node("Less", self.node("Add", self._next, self._one), self._counts)

    def put(self, between: str) -> None:
        """Put the part behind those before it, in the texts that have so many, and ``between`` what is between them."""
        there = self.node("Less", self._next, self._counts)
        between = self.node("Where", there, between, self.text(""))
        self.node("StringConcat", self.node("StringConcat", self.before, between), self.part)

    def graph(self) -> Any:
        """The round, whose last node makes the texts that the next one goes on with."""
        after = self._nodes[-1].output[0]
        going, goes = self._inside("going"), self.node("Identity", self._inside("going"))
        return helper.make_graph(
            self._nodes,
            self._inside("round_of"),
            [
                helper.make_tensor_value_info(self._inside("round"), TensorProto.INT64, []),
                helper.make_tensor_value_info(going, TensorProto.BOOL, []),
                helper.make_tensor_value_info(self.before, TensorProto.STRING, [None]),
            ],
            [
                helper.make_tensor_value_info(goes, TensorProto.BOOL, []),
                helper.make_tensor_value_info(after, TensorProto.STRING, [None]),
            ],
            self._constants,
        )


def _undotted(body: _Round) -> None:
    body.put(body.text(UNDOTTED))


def _sigma(body: _Round) -> None:
    """The sigma of a word's end behind a letter that has a case, where none comes after."""
    cased, passed = around_sigmas()
    behind = body.matches(body.before, f"(?s:.*){cased}{passed}*")
    another = body.node("And", body.matches(body.part, f"{passed}*"), body.goes_on())
    follows = body.node("Or", body.matches(body.part, f"{passed}*{cased}(?s:.*)"), another)
    final = body.node("And", behind, body.node("Not", follows))
    body.put(body.node("Where", final, body.text(FINAL_SIGMA), body.text(SIGMA)))


def _texts(writer: Writer, *values: str) -> str:
    return writer.constant(np.array(values, dtype=object))


def _tokens(writer: Writer, step: Count, text: str) -> str:
    """The tokens of each text ``[N, tokens]``; behind those of the shorter ones stands one that no text has."""
    cutting, blank = step.cutting, _no_token(step.terms)
    tokens = writer.node(
        "Tokenizer", [text], domain="com.microsoft", mark=0, mincharnum=1, pad_value=blank, tokenexp=cutting.pattern
    )
    if cutting.blank is not None:
        spaces = writer.node("RegexFullMatch", [tokens], pattern=cutting.blank)
        tokens = writer.node("Where", [spaces, _texts(writer, " "), tokens])
    kept = []
    if cutting.whole is not None:
        kept.append(writer.node("RegexFullMatch", [tokens], pattern=cutting.whole))
    if step.stop_words:
        kept.append(_is_none_of(writer, tokens, step.stop_words))
    if not kept:
        return tokens
    there = kept[0] if len(kept) == 1 else writer.node("And", kept)
    tokens = writer.node("Where", [there, tokens, _texts(writer, blank)])
    return tokens if step.lengths[1] == 1 else _closed_up(writer, tokens, there)


def _is_none_of(writer: Writer, tokens: str, words: Sequence[str]) -> str:
    found = writer.node(
        "LabelEncoder",
        [tokens],
        domain="ai.onnx.ml",
        op_version=2,
        keys_strings=[word.encode() for word in words],
        values_int64s=[0] * len(words),
        default_int64=1,
    )
    return writer.node("Cast", [found], to=TensorProto.BOOL)


def _closed_up(writer: Writer, tokens: str, there: str) -> str:
    """The tokens that are there before those that are not, in their order, which ``TopK`` keeps among equal numbers."""
    size = writer.node("Gather", [writer.node("Shape", [tokens]), writer.constant(np.array([1]))])
    _, order = writer.nodes("TopK", [writer.node("Cast", [there], to=TensorProto.FLOAT), size], 2, axis=1)
    return writer.node("GatherElements", [tokens, order], axis=1)


def _no_token(terms: Sequence[tuple[str, ...]]) -> str:
    """A text that is no token of any term."""
    known, found = {token for term in terms for token in term}, "#"
    while found in known:
        found += "#"
    return found


def _grams(step: Count) -> dict[str, Any]:
    """The attributes of the node that counts: the terms by how many tokens they have."""
    low, high = step.lengths
    order = sorted(range(len(step.terms)), key=lambda column: len(step.terms[column]))
    by_length = {size: list(columns) for size, columns in groupby(order, key=lambda column: len(step.terms[column]))}
    pool, starts = list[str](), list[int]()
    for size in range(1, max(high, *by_length) + 1):
        starts.append(len(pool))
        pool.extend(token for column in by_length.get(size, ()) for token in step.terms[column])
    return {
        "mode": "TF",
        "min_gram_length": low,
        "max_gram_length": high,
        "max_skip_count": 0,
        "pool_strings": [token.encode() for token in pool],
        "ngram_counts": starts,
        "ngram_indexes": order,
    }
