"""Comparing: whether answers are the expected ones within a tolerance; for proofs and for golden rows alike."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from lading.bundles.parity import OutputParity, Parity, Tolerance
from lading.bundles.signature import Output, Signature
from lading.bundles.tensors.exact import exact_json, exact_rows
from lading.bundles.tensors.values import Array
from lading.core.errors import IntegrityError

FAILURES = 20
"""How many failed rows a comparison lists, the worst first; it counts all of them."""

LARGEST = float(np.finfo(np.float64).max)
LARGEST_ULP = 2**53 - 1


class AnswerShapeError(IntegrityError):
    """An output is not there, or does not have the shape of the expected one."""

    def __init__(self, output: str, expected: tuple[int, ...], found: tuple[int, ...] | None) -> None:
        super().__init__(output, expected, found)
        self.output, self.expected, self.found = output, expected, found

    def __str__(self) -> str:
        found = "is not among the answers" if self.found is None else f"has shape {list(self.found)}"
        return f"output {self.output!r} {found}, expected shape {list(self.expected)}; package the model again"


@dataclass(frozen=True)
class Difference:
    """One row's answer in one output, beside the expected one; both as exact JSON."""

    row: int
    output: str
    expected: JsonValue
    found: JsonValue
    excess: float
    """The largest difference divided by what the tolerance allows: above 1 it fails."""


@dataclass(frozen=True)
class Comparison:
    """What a comparison found."""

    rows: int
    outputs: tuple[OutputParity, ...]
    """The numeric outputs; labels and text are only equal or not."""
    label_flips: int
    """Labels that differ, near-ties included; of several a row counts once for each."""
    failed: int
    """Answers outside the tolerance; a row counts once for each output."""
    failed_rows: frozenset[int]
    """The rows of all of them."""
    failures: tuple[Difference, ...]
    """The worst of them first, at most ``FAILURES``."""
    worst: Difference | None
    """The answer that differs most, within the tolerance or not; None when all are equal to the bit."""

    @property
    def ok(self) -> bool:
        """Whether every answer lies within the tolerance."""
        return self.failed == 0


def compare(
    signature: Signature, expected: Mapping[str, Array], found: Mapping[str, Array], tolerance: Tolerance
) -> Comparison:
    """Compare the outputs that ``expected`` has, each ``[rows, …]``; NaN equals NaN, an infinity equals itself.

    Numbers may differ as ``Tolerance`` allows, integers, text and booleans not at all. A label may differ where the
    expected one and the one that is found are a near-tie for the best of the expected probabilities, those of the same
    target where there are several. Raises ``AnswerShapeError``.
    """
    outputs = [output for output in signature.outputs if output.tensor.name in expected]
    check_shapes(signature, expected, found)
    seen = [
        _Seen(
            output,
            expected[output.tensor.name],
            found[output.tensor.name],
            tolerance,
            _near_ties(signature, output, expected, found, tolerance),
        )
        for output in outputs
    ]
    differences = sorted((difference for one in seen for difference in one.worst()), key=_order)
    return Comparison(
        rows=max((len(expected[output.tensor.name]) for output in outputs), default=0),
        outputs=tuple(one.parity() for one in seen if one.numeric),
        label_flips=sum(int(one.differs.sum()) for one in seen if one.output.meaning == "label"),
        failed=sum(len(one.failed) for one in seen),
        failed_rows=frozenset(row for one in seen for row in one.failed),
        failures=tuple(difference for difference in differences if difference.excess > 1)[:FAILURES],
        worst=differences[0] if differences else None,
    )


def tolerated(parity: Parity, found: Comparison) -> bool:
    """Whether answers to golden rows are those of the original model, as far as its proof of parity says.

    Every answer lies within the tolerance, or the proof failed and was accepted, and what is found is no worse than
    that.
    """
    if found.ok:
        return True
    if parity.waiver is None or found.label_flips > parity.label_flips:
        return False
    accepted = {output.output: output.max_absolute + parity.tolerance.absolute for output in parity.outputs}
    return all(output.max_absolute <= accepted.get(output.output, 0.0) for output in found.outputs)


def check_shapes(signature: Signature, expected: Mapping[str, Array], found: Mapping[str, Array]) -> None:
    """Raise ``AnswerShapeError`` where ``found`` lacks an output that ``expected`` has, or has it in another shape."""
    for name in (output.tensor.name for output in signature.outputs):
        if name in expected and (name not in found or found[name].shape != expected[name].shape):
            raise AnswerShapeError(name, expected[name].shape, found[name].shape if name in found else None)


class _Seen:
    """One output, compared."""

    def __init__(self, output: Output, expected: Array, found: Array, tolerance: Tolerance, ties: Array | None) -> None:
        self.output, self.expected, self.found = output, expected, found
        self.numeric = output.meaning != "label" and output.tensor.dtype.startswith("float")
        rows = len(expected)
        if self.numeric:
            with np.errstate(over="ignore"):
                self.own = expected.astype(output.tensor.dtype)
            self.gaps = _gaps(expected, found)
            allowed = tolerance.absolute + tolerance.relative * np.abs(expected.astype(np.float64))
            self.excess = _largest_of_rows(_ratio(self.gaps, allowed), rows)
            self.differs = _any(~_same(self.own, found), rows)
        else:
            self.differs = _any(~_same(expected, found), rows)
            self.excess = np.where(self.differs, np.inf, 0.0)
            if ties is not None and expected.size == rows:
                self.excess[self.differs & ties] = 1.0

    @property
    def failed(self) -> list[int]:
        """The rows outside the tolerance."""
        found: list[int] = np.flatnonzero(self.excess > 1).tolist()
        return found

    def worst(self) -> list[Difference]:
        """The rows that differ, the worst first, as many as a comparison lists."""
        rows = np.flatnonzero(self.differs)
        order = rows[np.argsort(-self.excess[rows], kind="stable")][:FAILURES]
        name = self.output.tensor.name
        return [
            Difference(int(row), name, _json(self.expected, row), _json(self.found, row), float(self.excess[row]))
            for row in order
        ]

    def parity(self) -> OutputParity:
        """The largest differences of this output."""
        sizes = np.abs(self.expected.astype(np.float64))
        measurable = (sizes > 0) & np.isfinite(sizes)
        relative = _ratio(self.gaps[measurable], sizes[measurable])
        return OutputParity(
            output=self.output.tensor.name,
            max_absolute=_largest(self.gaps),
            max_relative=_largest(relative),
            max_ulp=_largest_ulp(self.own, self.found.astype(self.own.dtype)),
        )


def _near_ties(
    signature: Signature,
    label: Output,
    expected: Mapping[str, Array],
    found: Mapping[str, Array],
    tolerance: Tolerance,
) -> Array | None:
    """The rows in which both labels are closer to the best probability than the margin; None where none are expected.

    A label that is far from the best was chosen by something else than these probabilities, which then excuse nothing.
    """
    if label.meaning != "label":
        return None
    name = label.tensor.name
    for output in signature.outputs:
        probabilities = expected.get(output.tensor.name)
        fits = output.meaning == "probabilities" and output.targets == label.targets
        if fits and probabilities is not None and probabilities.ndim == 2:
            if probabilities.shape[1] < 2:
                return None
            wide = probabilities.astype(np.float64)
            best = np.partition(wide, -2, axis=1)[:, -2:]
            ties = np.asarray(best[:, 1] - best[:, 0] < tolerance.label_margin)
            if label.classes is None or expected[name].shape != ties.shape:
                return ties
            good = wide > best[:, 1:] - tolerance.label_margin
            near = np.flatnonzero(ties)
            for answers in (expected[name], found[name]):
                ties[near] &= _chosen(label, answers[near], good[near])
            return ties
    return None


def _chosen(label: Output, given: Array, good: Array) -> Array:
    """Whether each label is that of a column which is ``good`` ``[rows, classes]``; positions where it is coded."""
    names = range(good.shape[1]) if label.coded else label.classes
    places = {name: place for place, name in enumerate(() if names is None else names)}
    found = [places.get(value, -1) for value in given.tolist()]
    return np.array(
        [0 <= at < good.shape[1] and bool(row[at]) for at, row in zip(found, good, strict=True)], dtype=bool
    )


def _same(expected: Array, found: Array) -> Array:
    return np.asarray((expected == found) | ((expected != expected) & (found != found)))


def _gaps(expected: Array, found: Array) -> Array:
    """The absolute differences in float64; 0 for equal infinities and NaN, infinite where only one is not finite."""
    wide, other = expected.astype(np.float64), found.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.abs(other - wide)
    gaps[np.isnan(gaps)] = np.inf
    gaps[_same(wide, other)] = 0.0
    return gaps


def _ratio(gaps: Array, allowed: Array) -> Array:
    """``gaps / allowed``: 0 where there is no gap, infinite where a gap meets no allowance or an infinite one."""
    ratios = np.full(gaps.shape, np.inf)
    finite = np.isfinite(gaps) & np.isfinite(allowed) & (allowed > 0)
    with np.errstate(over="ignore"):
        np.divide(gaps, allowed, out=ratios, where=finite)
    ratios[gaps == 0] = 0.0
    return ratios


def _any(flags: Array, rows: int) -> Array:
    """For each row whether any flag is up."""
    return np.asarray(flags.reshape(rows, -1).any(axis=1)) if rows else np.zeros(0, dtype=bool)


def _largest_of_rows(values: Array, rows: int) -> Array:
    return np.asarray(values.reshape(rows, -1).max(axis=1, initial=0.0)) if rows else np.zeros(0)


def _largest(values: Array) -> float:
    return float(min(values.max(initial=0.0), LARGEST))


def _largest_ulp(expected: Array, found: Array) -> int:
    """How many representable values lie between the two, at most."""
    apart = ~_same(expected, found)
    if not apart.any():
        return 0
    if not (np.isfinite(expected[apart]).all() and np.isfinite(found[apart]).all()):
        return LARGEST_ULP
    first, second = _ordinals(expected[apart]), _ordinals(found[apart])
    return min(max(abs(int(a) - int(b)) for a, b in zip(first, second, strict=True)), LARGEST_ULP)


def _ordinals(values: Array) -> Array:
    """Each float's position among all floats of its width, as int64; both zeros are 0."""
    width = values.dtype.itemsize * 8
    bits = values.view(f"int{width}").astype(np.int64)
    return np.where(bits < 0, -(bits & ((1 << (width - 1)) - 1)), bits)


def _json(values: Array, row: np.intp) -> JsonValue:
    return exact_rows(values[row : row + 1])[0] if values.ndim > 1 else exact_json(values[row])


def _order(difference: Difference) -> tuple[float, int]:
    return (-difference.excess, difference.row)
