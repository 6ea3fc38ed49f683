"""Optimizing: steps that make a converted graph quicker or smaller, each proved again against the original model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import get_args

import numpy as np

from lading.bundles.optimization import Optimization, StepName
from lading.bundles.session import open_session, session_of
from lading.bundles.tensors.feeds import encode
from lading.converters.converter import Converted
from lading.converters.optimization_steps import TOOL, nodes_of, optimized, quantized
from lading.converters.parity import Proof
from lading.core.errors import IntegrityError, UsageError

TIMED_ROWS = (1, 32)
TIMED_RUNS = 15

STEPS: Mapping[StepName, Callable[[bytes], bytes]] = {"int8": quantized, "graph": optimized}
"""What each step makes of a graph, in the order in which they are done: what was put together is not quantised."""

Prove = Callable[[Converted, StepName], Proof]
"""Proves a graph after a step."""

BATCH_DEPENDENT = (
    "int8 scales what goes into each product by the largest number in the whole request: what a row is answered "
    "depends a little on the rows that it is asked with"
)


class UnknownStepError(UsageError):
    """A step of optimising is not one that there is, or is named twice."""

    def __init__(self, found: object) -> None:
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        return (
            f"optimize is {self.found!r}, expected a list of {' and '.join(map(repr, get_args(StepName)))}, each once"
        )


class LargeWeightsError(UsageError):
    """A graph is to be optimised whose weights lie beside it."""

    def __init__(self, steps: Sequence[str]) -> None:
        super().__init__(steps)
        self.steps = steps

    def __str__(self) -> str:
        return (
            f"optimize is {', '.join(self.steps)}, and the weights of this network are too large to be inside of its graph, "
            "which is what can be optimised; leave optimize out, or optimise the network in its framework"
        )


class StepError(IntegrityError):
    """A step changes the answers by more than the tolerance; nothing was written."""

    def __init__(self, step: str, title: str, failed: int, rows: int, worst: tuple[str, ...]) -> None:
        super().__init__(step, title, failed, rows, worst)
        self.step, self.title, self.failed, self.rows, self.worst = step, title, failed, rows, worst

    @property
    def lines(self) -> tuple[str, ...]:
        """What differs, the worst row, and what can be done."""
        return (
            f"after the step {self.step} the graph of {self.title} does not answer as the model does: "
            f"{self.failed} of {self.rows} rows differ by more than the tolerance.",
            *self.worst,
            "Nothing was written. What can be done:",
            f"- leave the step {self.step} out",
            "- say how much an answer may differ: tolerance=Tolerance(absolute=…, relative=…)",
            '- accept the difference: waiver="the reason" (--waiver), which every reader of the bundle sees',
        )

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Gain:
    """What a step brought on this machine, before and after."""

    name: StepName
    bytes: tuple[int, int]
    """Of the graph."""
    seconds: Mapping[int, tuple[float, float]]
    """Of one inference in one thread, by its rows; medians."""
    label_flips: int
    largest_difference: float
    """Of any number from what the original model answers."""


@dataclass(frozen=True)
class Optimized:
    """A graph after all steps, and how they went."""

    converted: Converted
    proof: Proof
    gains: tuple[Gain, ...] = ()
    notes: tuple[str, ...] = ()


def check_steps(steps: object) -> tuple[StepName, ...]:
    """The steps that ``package`` was asked for, in the order in which they are done. Raises ``UnknownStepError``."""
    listed = (steps,) if isinstance(steps, str) else steps
    if not isinstance(listed, Sequence) or not set(listed) <= set(get_args(StepName)) or len(set(listed)) < len(listed):
        raise UnknownStepError(steps)
    return tuple(name for name in STEPS if name in listed)


def check_weights(converted: Converted, steps: Sequence[StepName]) -> None:
    """Raise ``LargeWeightsError`` for a graph that steps cannot be done to, before it is proved for nothing."""
    if steps and converted.weights is not None:
        raise LargeWeightsError(steps)


def optimize(converted: Converted, proof: Proof, steps: Sequence[StepName], prove: Prove) -> Optimized:
    """The graph after ``steps``, one after the other; ``prove`` proves one, or raises what shall stop it.

    A step that finds nothing to do is left out, and a note says so.
    """
    result = Optimized(converted, proof)
    for name in steps:
        made = STEPS[name](result.converted.model)
        if nodes_of(made) == nodes_of(result.converted.model):
            result = replace(result, notes=(*result.notes, f"the step {name} found nothing to do and was left out"))
            continue
        result = _with_step(result, name, made, prove)
    return result


def _with_step(before: Optimized, name: StepName, made: bytes, prove: Prove) -> Optimized:
    after = replace(before.converted, model=made)
    proof = prove(after, name)
    parity, given = proof.parity, before.converted
    step = Optimization(
        name=name,
        tool=TOOL,
        bytes_before=len(given.model),
        bytes_after=len(made),
        nodes_before=len(nodes_of(given.model)),
        nodes_after=len(nodes_of(made)),
        rows=parity.rows,
        label_flips=parity.label_flips,
        outputs=parity.outputs,
    )
    graph = given.graph.model_copy(update={"steps": (*(given.graph.steps or ()), step), "opsets": _opsets(made)})
    gain = Gain(
        name=name,
        bytes=(len(given.model), len(made)),
        seconds={rows: (_seconds(given, proof, rows), _seconds(after, proof, rows)) for rows in TIMED_ROWS},
        label_flips=parity.label_flips,
        largest_difference=max((seen.max_absolute for seen in parity.outputs), default=0.0),
    )
    notes = (*before.notes, BATCH_DEPENDENT) if name == "int8" else before.notes
    return Optimized(replace(after, graph=graph), proof, (*before.gains, gain), notes)


def _opsets(model: bytes) -> dict[str, int]:
    import onnx

    from lading.converters.graph import domain_name

    return {domain_name(entry.domain): entry.version for entry in onnx.load_from_string(model).opset_import}


def _seconds(converted: Converted, proof: Proof, rows: int) -> float:
    """How long one inference over so many of the proof's rows takes."""
    signature = converted.signature
    session = session_of(signature, open_session(converted.model))
    count = len(next(iter(proof.columns.values())))
    chosen = np.resize(np.arange(count), rows)
    feeds = encode(signature, {name: values[chosen] for name, values in proof.columns.items()})
    names = [output.tensor.name for output in signature.outputs]
    taken = []
    for _ in range(TIMED_RUNS):
        began = time.perf_counter()
        session.run(names, feeds)
        taken.append(time.perf_counter() - began)
    return median(taken)
