"""Checking: whether an answer is right, without decoding again what was right before."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from lading.bundles.manifest import Manifest
from lading.bundles.tensors.comparing import AnswerShapeError, check_shapes, compare, tolerated
from lading.bundles.tensors.values import Array
from lading.loadtests.payloads.request import ACCEPTED, WRONG, Answer, Check

Outputs = Mapping[str, Array]
"""Arrays ``[rows, …]`` by the name of their output."""

MOST_SEEN = 4
"""Right answers to one request that are remembered: batched with others, a model may answer with other last bits."""

NOT_OF_THE_REQUEST = frozenset({401, 403, 404, 408, 429, 499})
"""Refusals that a right request could have met as well: of a key, of a model that is not there, of too many."""


class AnswerError(ValueError):
    """An answer cannot be read; ``kind`` is the failure that it is."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class AnswerReader(Protocol):
    """Reads the answers of one protocol for one model."""

    def read(self, answer: Answer, rows: int) -> Outputs:
        """The outputs that the answer holds, each with so many ``rows``. Raises ``AnswerError``."""
        ...


def right_answer(reader: AnswerReader, rows: int) -> Check:
    """A check that demands an answer of the right form with as many ``rows``."""
    return _Remembering(lambda answer: _form_of(reader, answer, rows))


def expected_answer(reader: AnswerReader, manifest: Manifest, expected: Outputs) -> Check:
    """A check that demands the answers of the original model, by the rule that the replay of golden rows has."""
    rows = len(next(iter(expected.values())))
    return _Remembering(lambda answer: _compared(reader, manifest, answer, expected, rows))


def refused(answer: Answer) -> str | None:
    """The check of a request that a server should refuse for what it is."""
    if 400 <= answer.status <= 499 and answer.status not in NOT_OF_THE_REQUEST:
        return None
    return ACCEPTED if 200 <= answer.status <= 299 else str(answer.status)


class _Remembering:
    """A check of answers to one request, which knows a right one again by a hash of 64 bits."""

    def __init__(self, look: Check) -> None:
        self._look = look
        self._right: set[int] = set()

    def __call__(self, answer: Answer) -> str | None:
        if answer.status != 200:
            return str(answer.status)
        seen = hash(answer)
        if seen in self._right:
            return None
        problem = self._look(answer)
        if problem is None and len(self._right) < MOST_SEEN:
            self._right.add(seen)
        return problem


def _form_of(reader: AnswerReader, answer: Answer, rows: int) -> str | None:
    try:
        reader.read(answer, rows)
    except AnswerError as error:
        return error.kind
    return None


def _compared(reader: AnswerReader, manifest: Manifest, answer: Answer, expected: Outputs, rows: int) -> str | None:
    try:
        found = reader.read(answer, rows)
        # What the protocol does not answer counts as expected; probabilities among it say which labels are near-ties.
        all_outputs = {**expected, **found}
        check_shapes(manifest.signature, expected, all_outputs)
        with np.errstate(all="ignore"):
            comparison = compare(manifest.signature, expected, all_outputs, manifest.parity.tolerance)
    except AnswerError as error:
        return error.kind
    except AnswerShapeError:
        return WRONG
    return None if tolerated(manifest.parity, comparison) else WRONG
