"""The proof: that a converted model answers as the original does, on real rows and at the model's own boundaries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lading.bundles.capturing.capture import capture_environment
from lading.bundles.golden import Golden, Origin, golden_of
from lading.bundles.parity import OutputParity, Parity, Tolerance, WorstRow
from lading.bundles.session import open_session, session_of
from lading.bundles.signature import Output, Signature
from lading.bundles.tables.table import Table
from lading.bundles.tensors.comparing import AnswerShapeError, Comparison, Difference, compare
from lading.bundles.tensors.feeds import encode
from lading.converters.boundaries import boundary_table
from lading.converters.classes import NotProbabilitiesError
from lading.converters.converter import Converted, Converter, class_name
from lading.core.errors import IntegrityError, UsageError

DATA_ROWS = 512
"""Rows of the data that the proof asks for, at most; evenly spaced, so that sorted data is seen whole."""
SINGLE_ROWS = 48
"""Of those, rows that are also asked one at a time."""
GOLDEN_ROWS = 64
GOLDEN_BOUNDARY_ROWS = 32
GOLDEN_VALUES = 200_000
"""Values that the golden rows hold together, where they are more than two."""

Array = np.ndarray


class ModelFailedError(UsageError):
    """The original model itself raises for a row that the signature accepts."""

    def __init__(self, model: str, what: str, reason: str) -> None:
        super().__init__(model, what, reason)
        self.model, self.what, self.reason = model, what, reason

    def __str__(self) -> str:
        return (
            f"{self.model} itself fails on {self.what}: {self.reason}; "
            "give the rows that the model was trained on, with their types"
        )


class GraphFailedError(IntegrityError):
    """The converted model fails where the original answers; nothing was written."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the converted model fails on rows that the original answers: {self.reason[:400]}; "
            "replace the step that the message points to by a related one"
        )


class UnsteadyGraphError(IntegrityError):
    """The converted model answers the same rows differently when it is asked again; nothing was written."""

    def __init__(self, output: str, row: int, first: str, again: str) -> None:
        super().__init__(output, row, first, again)
        self.output, self.row, self.first, self.again = output, row, first, again

    def __str__(self) -> str:
        return (
            f"the graph answers row {self.row} with {self.output} = {self.first:.100}, and when asked again with "
            f"{self.again:.100}: it draws random numbers; export it for inference, without dropout or sampling"
        )


class ParityError(IntegrityError):
    """The converted model does not answer as the original does; nothing was written."""

    def __init__(self, title: str, failed: int, rows: int, worst: tuple[str, ...], tried: tuple[str, ...]) -> None:
        super().__init__(title, failed, rows, worst, tried)
        self.title, self.failed, self.rows, self.worst, self.tried = title, failed, rows, worst, tried

    @property
    def lines(self) -> tuple[str, ...]:
        """What differs, the worst row, and what can be tried."""
        double = (
            "float64 throughout was tried, and answers differently too"
            if "float64" in self.tried
            else 'precision="double" (--precision double) computes in float64 where the model\'s converter can'
        )
        return (
            f"the converted {self.title} does not answer as the original does ({' and '.join(self.tried)} precision): "
            f"{self.failed} of {self.rows} rows differ by more than the tolerance.",
            *self.worst,
            "Nothing was written. What can be tried:",
            f"- {double}",
            "- look at the step that the values point to, and replace it by a related one",
            "- subtract an origin from numbers that are large and close together, such as times",
            '- accept the difference: waiver="the reason" (--waiver), which every reader of the bundle sees',
        )

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Proof:
    """What was asked, what both sides said, and the record of it."""

    parity: Parity
    failures: tuple[Difference, ...]
    """Answers outside the tolerance, the worst first; rows count through all that were asked."""
    failed: int
    """Rows with an answer outside the tolerance, together or alone."""
    columns: Mapping[str, Array]
    expected: Mapping[str, Array]
    origins: tuple[Origin, ...]

    def error(self, title: str, tried: tuple[str, ...]) -> ParityError:
        """What to raise when the proof failed, in each of the precisions that were ``tried``."""
        return ParityError(title, self.failed, self.parity.rows, self.worst(), tried)

    def worst(self) -> tuple[str, str]:
        """The row of a failed proof that differs most, and what both sides say of it, a line each."""
        worst = self.failures[0]
        values = ", ".join(f"{name}={_shown(values[worst.row])}" for name, values in self.columns.items())
        origin = "from the data" if self.origins[worst.row] == "data" else "made at a boundary of the model"
        return (
            f"The worst row, {origin}: {values}",
            f"{worst.output}: the original says {_shown(worst.expected)}, the graph says {_shown(worst.found)}",
        )

    def waived(self, reason: str) -> "Proof":
        """The same proof, its differences accepted for a reason."""
        return replace(self, parity=self.parity.model_copy(update={"waiver": reason}))

    def golden(self, signature: Signature) -> Golden:
        """The rows that the bundle keeps: some of the data, some at boundaries."""
        data = [place for place, origin in enumerate(self.origins) if origin == "data"]
        edge = [place for place, origin in enumerate(self.origins) if origin == "boundary"]
        values = sum(
            array[0].size if array.ndim > 1 else 1 for array in (*self.columns.values(), *self.expected.values())
        )
        most = max(2, GOLDEN_VALUES // max(1, values))
        kept = [data[place] for place in spread(len(data), min(GOLDEN_ROWS, most))]
        kept += [edge[place] for place in spread(len(edge), min(GOLDEN_BOUNDARY_ROWS, most))]
        return golden_of(
            signature,
            {name: values[kept] for name, values in self.columns.items()},
            {name: values[kept] for name, values in self.expected.items()},
            [self.origins[place] for place in kept],
        )


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        return np.array2string(value, threshold=20, separator=", ")
    plain = value.item() if isinstance(value, np.generic) else value
    return "missing" if plain is None or plain != plain else repr(plain)


def spread(rows: int, wanted: int) -> list[int]:
    """At most ``wanted`` of ``rows`` positions, evenly spaced, the first and the last among them."""
    return sorted({int(place) for place in np.linspace(0, rows - 1, min(rows, wanted)).round()}) if rows else []


def prove(
    converter: Converter, model: object, converted: Converted, rows: Table, tolerance: Tolerance | None = None
) -> Proof:
    """Ask the original model and the graph the same questions, and compare what they say.

    ``rows`` are the data without its target. Both sides are fed from the same values; the graph by the rule that
    serving uses. Without a ``tolerance`` it is the one that answers of this size have. Raises ``ModelFailedError``,
    and ``GraphFailedError`` where the graph does not answer for each row.
    """
    signature = converted.signature

    def answer(asked: Table, what: str = "rows made at its boundaries") -> Mapping[str, Array]:
        try:
            return converter.reference(model, asked, signature)
        except NotProbabilitiesError:
            raise
        except Exception as error:  # whatever the user's model raises is a fact about that model
            raise ModelFailedError(class_name(model), what, f"{type(error).__name__}: {error}") from error

    asked = rows.take(spread(rows.rows, DATA_ROWS))
    parts = [(asked, answer(asked, "its own data"))]
    single = signature.form in ("frame", "array")  # of a tensor's elements no boundary is known
    edge = boundary_table(asked, signature, answer, converted.thresholds, converted.unseen) if single else None
    if edge is not None:
        parts.append((edge, answer(edge)))
    columns = _joined([part.columns_as_numpy() for part, _ in parts])
    expected = _joined([answers for _, answers in parts])
    data: list[Origin] = ["data"] * asked.rows
    made: list[Origin] = ["boundary"] * (0 if edge is None else edge.rows)
    origins = (*data, *made)
    limits = usual(signature, expected) if tolerance is None else tolerance
    try:
        return _compared(converted, columns, expected, origins, limits)
    except AnswerShapeError as error:
        said = "nothing" if error.found is None else f"the shape {list(error.found)}"
        raise GraphFailedError(f"{error.output} has {said} where the model has {list(error.expected)}") from error


def usual(signature: Signature, expected: Mapping[str, Array]) -> Tolerance:
    """The tolerance of a proof for which nobody said any: where all numbers are small, so is what is allowed of them.

    Its absolute part is that of ``Tolerance`` times the largest number that is ``expected``, at most 1. Probabilities
    are as large as 1 whatever they are.
    """
    numbers = [output for output in signature.outputs if output.meaning != "label"]
    if any(output.meaning == "probabilities" for output in numbers):
        return Tolerance()
    sizes = [np.abs(expected[one.tensor.name].astype(np.float64)) for one in numbers if _is_real(one)]
    largest = max((float(size.max(initial=0.0, where=np.isfinite(size))) for size in sizes), default=0.0)
    scale = min(1.0, largest) if largest > 0 else 1.0
    return Tolerance(absolute=Tolerance().absolute * scale)


def _is_real(output: Output) -> bool:
    return output.tensor.dtype.startswith("float")


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _compared(
    converted: Converted,
    columns: Mapping[str, Array],
    expected: Mapping[str, Array],
    origins: tuple[Origin, ...],
    tolerance: Tolerance,
) -> Proof:
    """Ask the graph for all rows together and for some alone, and compare both with what is expected."""
    signature = converted.signature
    graph = converted.model if converted.weights is None else converted.weights.written(converted.model)
    session = session_of(signature, open_session(graph))
    names = [output.tensor.name for output in signature.outputs]
    feeds = encode(signature, columns)

    def ask(rows: slice) -> dict[str, Array]:
        try:
            answers = session.run(names, {name: tensor[rows] for name, tensor in feeds.items()})
        except Exception as error:  # ONNX Runtime's errors share no other class
            raise GraphFailedError(str(error)) from error
        return dict(zip(names, answers, strict=True))

    answers = ask(slice(None))
    together = compare(signature, expected, answers, tolerance)
    single = spread(len(origins), SINGLE_ROWS)
    alone = _joined([ask(slice(row, row + 1)) for row in single])
    wanted = {name: values[single] for name, values in expected.items()}
    apart = compare(signature, wanted, alone, tolerance)
    _check_steady(compare(signature, answers, ask(slice(None)), tolerance))
    moved = tuple(replace(failure, row=single[failure.row]) for failure in apart.failures)
    failed = together.failed_rows | {single[row] for row in apart.failed_rows}
    failures = together.failures if together.failed else moved
    record = _record(converted, together, apart, tolerance, origins, len(single))
    return Proof(record, failures, len(failed), columns, expected, origins)


def _check_steady(again: Comparison) -> None:
    """Raise ``UnsteadyGraphError`` where the second answers are not those of the first time."""
    if not again.ok:
        worst = again.failures[0]
        raise UnsteadyGraphError(worst.output, worst.row, _shown(worst.expected), _shown(worst.found))


def _record(
    converted: Converted,
    together: Comparison,
    apart: Comparison,
    tolerance: Tolerance,
    origins: Sequence[Origin],
    single: int,
) -> Parity:
    worst = together.worst
    outputs = tuple(map(_larger, together.outputs, apart.outputs))
    return Parity(
        reference=converted.reference,
        rows=len(origins),
        boundary_rows=origins.count("boundary"),
        single_rows=single,
        label_flips=together.label_flips,
        outputs=outputs,
        tolerance=tolerance,
        precision=converted.precision,
        versions=capture_environment(("onnxruntime", *converted.packages)).packages,
        worst=None if worst is None else _worst_row(worst, origins[worst.row]),
    )


def _larger(first: OutputParity, second: OutputParity) -> OutputParity:
    return OutputParity(
        output=first.output,
        max_absolute=max(first.max_absolute, second.max_absolute),
        max_relative=max(first.max_relative, second.max_relative),
        max_ulp=max(first.max_ulp, second.max_ulp),
    )


def _worst_row(worst: Difference, origin: str) -> WorstRow:
    return WorstRow(row=worst.row, origin=origin, output=worst.output, expected=worst.expected, found=worst.found)
