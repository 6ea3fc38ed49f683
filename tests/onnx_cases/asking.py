"""Asking: a case put to ONNX Runtime itself and, packaged, to the library; and what came of it."""

from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import onnxruntime

from lading.bundles.bundle import open_bundle
from lading.converters import package
from lading.core.errors import LadingError
from lading.runtime.model import Model
from tests.onnx_cases.cases import Case

TIMES = 3
"""How often ONNX Runtime is asked, to see whether it gives one answer."""

EQUAL = "equal to ONNX Runtime, bit for bit"
UNTOLD = "refused: no tensors, or elements of other types"
UNFED = "refused: no inputs"
UNSTEADY = "refused: random numbers"
UNLOADED = "refused: ONNX Runtime does not load it"
UNRUN = "refused: ONNX Runtime does not run it"
WRONG = "WRONG"

Array = np.ndarray[Any, np.dtype[Any]]


class Raw(NamedTuple):
    """What ONNX Runtime makes of a case."""

    answers: list[Array] | None
    """None where it has no answer, or not always the same."""
    outcome: str
    """What the library has to come to."""
    words: frozenset[str]
    """Of which a refusal has to say one."""


class Outcome(NamedTuple):
    """What came of a case."""

    case: Case
    kind: str
    problem: str = ""
    answers: list[Array] | None = None
    """Of ONNX Runtime."""


def same(first: Any, second: Any) -> bool:
    """Whether two arrays are equal to the bit, in type and shape too."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    return bool(first.tolist() == second.tolist() if first.dtype == object else first.tobytes() == second.tobytes())


def ask_runtime(case: Case) -> Raw:
    """ONNX Runtime asked without the library, with the options that the library documents."""
    if case.untold:
        return Raw(None, UNFED if case.untold == {"takes none"} else UNTOLD, case.untold)
    options = cast(Any, onnxruntime).SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    runs = cast(Any, onnxruntime).RunOptions()
    runs.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(case.model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no other class
        return Raw(None, UNLOADED, case.domains | {str(error)})
    try:
        first, *others = (
            [np.asarray(value) for value in session.run(case.outputs, case.feeds, runs)] for _ in range(TIMES)
        )
    except Exception as error:
        return Raw(None, UNRUN, frozenset({str(error)}))
    steady = all(same(a, b) for other in others for a, b in zip(first, other, strict=True))
    return Raw(first, EQUAL, frozenset()) if steady else Raw(None, UNSTEADY, frozenset({"random numbers"}))


def ask_library(case: Case, path: Path) -> Outcome:
    """The case packaged at ``path``, loaded and asked, beside what ONNX Runtime makes of it."""
    raw = ask_runtime(case)
    try:
        package(case.model, [case.feeds], name=path.stem, path=path)
    except LadingError as error:
        return _refused(case, raw, str(error))
    with open_bundle(path) as bundle:
        model = Model.load(bundle)
    feeds = {name: np.asarray(value)[np.newaxis] for name, value in case.feeds.items()}
    found = model.run(model.encoder.encode(feeds))
    if raw.answers is None:
        return Outcome(case, WRONG, f"was answered, expected: {raw.outcome}")
    for name, expected in zip(case.outputs, raw.answers, strict=True):
        if not same(found[name][0, ...], expected):
            return Outcome(case, WRONG, f"{name} is {found[name][0, ...]!r}, ONNX Runtime says {expected!r}")
    return Outcome(case, EQUAL, answers=raw.answers)


def _refused(case: Case, raw: Raw, refusal: str) -> Outcome:
    """A refusal is right where ONNX Runtime has no answer either, and it names what is in the way."""
    if any(_plain(word) in _plain(refusal) for word in raw.words):
        return Outcome(case, raw.outcome, refusal)
    return Outcome(case, WRONG, f"was refused, expected: {raw.outcome}; {refusal}")


def _plain(text: str) -> str:
    """ONNX writes FLOAT8E4M3FN for what NumPy calls float8_e4m3fn."""
    return text.lower().replace("_", "")
