"""The classes: what the columns of a model's one output mean, where somebody said so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from lading.bundles.records import Scalar
from lading.bundles.signature import Tensor
from lading.core.errors import UsageError

Scores = Literal["scores", "logits", "probabilities"]
"""What the columns are: numbers of which the largest wins; those of which a softmax (a sigmoid where there is one
column for two classes) makes probabilities; probabilities."""

ClassType = Literal["boolean", "integer", "number", "string"]

LABEL, PROBABILITIES = "label", "probabilities"
OFF = 1e-3
"""How far from 1 the probabilities of a row may sum, and how far outside of [0, 1] one may lie."""


class ClassesError(UsageError):
    """Classes are told that cannot be a model's."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found, remedy)
        self.found, self.remedy = found, remedy

    def __str__(self) -> str:
        return f"{self.found}; {self.remedy}"


class NotProbabilitiesError(UsageError):
    """What was said to be probabilities is none."""

    def __init__(self, output: str, row: int, found: str) -> None:
        super().__init__(output, row, found)
        self.output, self.row, self.found = output, row, found

    def __str__(self) -> str:
        return (
            f"{self.output} was said to hold probabilities, and row {self.row} has {self.found}; say what it holds: "
            'scores="logits" (--scores logits) where a softmax makes them probabilities, "scores" otherwise'
        )


def check_classes(names: Sequence[object] | None, scores: object) -> None:
    """Raise ``ClassesError`` where these can be no model's."""
    if scores is not None and scores not in get_args(Scores):
        raise ClassesError(f"scores is {scores!r}", f"expected one of {', '.join(get_args(Scores))}")
    if names is None:
        return
    if isinstance(names, str) or not isinstance(names, Sequence | np.ndarray):
        raise ClassesError(f"classes is {names!r:.100}", "expected the names of all classes, in the model's order")
    plain = [_plain(name) for name in names]
    if len(plain) < 2 or len(set(plain)) < len(plain):
        raise ClassesError(f"classes is {plain!r:.100}", "expected two at least, each with a name of its own")
    if len({type(name) for name in plain}) > 1 or not isinstance(plain[0], bool | int | float | str):
        raise ClassesError(
            f"classes is {plain!r:.100}", "expected names of one type: text, integers, or true and false"
        )


@dataclass(frozen=True)
class Classes:
    """The names of the classes, in the order of the output's columns, and what the columns hold."""

    names: tuple[Scalar, ...]
    scores: Scores = "scores"

    @property
    def plain(self) -> tuple[Scalar, ...]:
        """The names as Python's own scalars."""
        return tuple(_plain(name) for name in self.names)

    @property
    def type(self) -> ClassType:
        """What the names are."""
        kinds: Mapping[type, ClassType] = {bool: "boolean", int: "integer", float: "number"}
        return kinds.get(type(self.plain[0]), "string")

    @property
    def coded(self) -> bool:
        """Whether a tensor has to hold positions in place of the names."""
        return self.type in ("boolean", "number")


def answers(raw: np.ndarray, tensor: Tensor, classes: Classes) -> dict[str, np.ndarray]:
    """The label and the scores that follow from the output ``[rows, columns]`` of the original."""
    wide = np.asarray(raw, dtype=np.float64)
    ranked = scored = wide
    name = tensor.name
    if classes.scores != "scores" and wide.shape[1] == 1:
        one = _sigmoid(wide) if classes.scores == "logits" else wide
        ranked = scored = np.concatenate([1 - one, one], axis=1)
        name = PROBABILITIES
    elif classes.scores == "logits":
        scored, name = _softmax(wide), PROBABILITIES
    if classes.scores == "probabilities":
        _check_probabilities(scored, tensor.name)
    places = ranked.argmax(axis=1)
    if classes.coded:
        return {LABEL: places, name: scored}
    names = np.array(classes.plain, dtype=object if classes.type == "string" else np.int64)
    return {LABEL: names[places], name: scored}


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return cast(np.ndarray, powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return cast(np.ndarray, 1 / (1 + np.exp(-values)))


def _check_probabilities(values: np.ndarray, output: str) -> None:
    sums = np.abs(values.sum(axis=1) - 1)
    outside = (values < -OFF).any(axis=1) | (values > 1 + OFF).any(axis=1)
    wrong = np.flatnonzero((sums > OFF) | outside)
    if wrong.size:
        row = int(wrong[0])
        raise NotProbabilitiesError(output, row, np.array2string(values[row], threshold=6, separator=", "))


def _plain(name: Any) -> Any:
    return name.item() if isinstance(name, np.generic) else name
