"""The model card: the facts of a bundle as a page for people, in Markdown."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from lading.bundles.front_matter import front_matter
from lading.bundles.measures import data_by_role
from lading.bundles.optimization import Optimization
from lading.bundles.outline import scalar
from lading.bundles.parity import Parity
from lading.bundles.profile import ColumnProfile, Profile
from lading.bundles.provenance import Experiment, Provenance
from lading.bundles.records import Scalar
from lading.bundles.signature import Field, Output, Signature

if TYPE_CHECKING:
    from lading.bundles.draft import Draft
    from lading.bundles.manifest import Manifest

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_BEGINS_A_BLOCK = re.compile(r"^([0-9]*)([#+=.)-])")
_MOST_CATEGORIES = 12


def model_card(draft: "Draft | Manifest", profile: Profile) -> str:
    """The card of what a draft or a manifest states. Values are text in it: none can become markup or a new line.

    It begins with what Hugging Face's programs read of a card.
    """
    sections = [
        front_matter(draft),
        [f"# {escaped(draft.name)} {escaped(draft.version)}"],
        [] if draft.description is None else [_paragraph(draft.description)],
        _waiver(draft.parity),
        ["## What it takes", "", *_fields(draft.signature)],
        ["## What it answers", "", *_outputs(draft.signature)],
        ["## Where it comes from", "", *_provenance(draft.provenance)],
        ["## How the training data looked", "", *_profile(profile)],
        ["## How it was proved", "", *_parity(draft.parity)],
        _steps(draft.graph.steps),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def escaped(text: object) -> str:
    r"""``text`` on one line, with nothing left that Markdown or HTML would take for markup.

    >>> print(escaped("<b>|"))
    &lt;b&gt;\|
    """
    line = "".join(character if character.isprintable() else " " for character in str(text))
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", line).replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def _paragraph(text: str) -> str:
    """``escaped``, and not a heading, a list or a ruler by its first characters."""
    return _BEGINS_A_BLOCK.sub(r"\1\\\2", escaped(text).strip())


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    head = [_row(columns), _row(["---"] * len(columns))]
    return head + [_row([escaped(cell) for cell in row]) for row in rows]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _facts(facts: Iterable[tuple[str, object]]) -> list[str]:
    return [f"- {name}: {escaped(value)}" for name, value in facts if value is not None]


def _waiver(parity: Parity) -> list[str]:
    if parity.waiver is None:
        return []
    return [f"> **Parity was not reached.** It was waived, for this reason: {escaped(parity.waiver)}"]


def _fields(signature: Signature) -> list[str]:
    columns = ("field", "type", "may be missing", "values seen in training")
    return _table(columns, [(field.name, type_of(field), missing(field), seen(field)) for field in signature.fields])


def type_of(field: Field) -> str:
    """A field's type, its extents and the type that the training data had, and whether it is sensitive."""
    extents = "".join(f"[{extent}]" for extent in field.shape)
    return f"{field.type}{extents} ({field.dtype}){', sensitive' if field.sensitive else ''}"


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def missing(field: Field) -> str:
    """Whether a field's value may be missing, and what it is where it is left out."""
    answer = _yes(field.nullable)
    return answer if field.default is None else f"{answer}; {scalar(field.default)} when left out"


def seen(field: Field) -> str:
    """What training showed of a field's values: its categories, or its range, or nothing."""
    if field.categories is not None:
        return _shortened(field.categories)
    if field.range is not None:
        return f"{field.range.minimum:g} to {field.range.maximum:g}"
    return ""


def _shortened(values: Sequence[Scalar]) -> str:
    shown = ", ".join(str(value) for value in values[:_MOST_CATEGORIES])
    more = len(values) - _MOST_CATEGORIES
    return f"{shown}, and {more} more" if more > 0 else shown


def _outputs(signature: Signature) -> list[str]:
    return _table(("output", "meaning", "classes"), [(o.tensor.name, o.meaning, classes(o)) for o in signature.outputs])


def classes(output: Output) -> str:
    """The class names of an output, or the names of its columns."""
    return _shortened(output.classes if output.classes is not None else output.targets or ())


def _provenance(provenance: Provenance) -> list[str]:
    data, code, environment = provenance.data, provenance.code, provenance.environment
    return _facts(
        [
            ("Author", provenance.author),
            ("Data", data.name),
            ("Data source", data.source),
            ("Data digest", data.digest),
            ("Rows", data.rows),
            ("Columns", data.columns),
            ("Target", data.target),
            *_further(provenance),
            ("Estimator", provenance.experiment.estimator),
            *((f"Metric {escaped(name)}", value) for name, value in sorted(provenance.experiment.metrics.items())),
            *_run(provenance.experiment),
            ("Repository", code.repository),
            ("Commit", code.commit),
            ("Uncommitted changes", None if code.dirty is None else _yes(code.dirty)),
            ("Entry point", code.entry_point),
            ("Python", environment.python),
            *((f"Package {escaped(name)}", value) for name, value in sorted(environment.packages.items())),
            *((f"Tag {escaped(name)}", value) for name, value in sorted(provenance.tags.items())),
        ]
    )


def _further(provenance: Provenance) -> Iterator[tuple[str, object]]:
    """The digests of data other than that of the training."""
    for role, data in list(data_by_role(provenance).items())[1:]:
        yield f"Digest of the {escaped(role)} data", f"{data.digest}, {data.rows} rows"


def _run(experiment: Experiment) -> Iterator[tuple[str, object]]:
    """The run of a tracker, and the training that was watched."""
    run, training = experiment.run, experiment.training
    if run is not None:
        yield from (("Run", f"{run.id} of {run.tracker}"), ("Run by", run.user), ("Run started", run.started))
        yield from ((f"Run parameter {escaped(name)}", scalar(value)) for name, value in sorted(run.parameters.items()))
        yield from ((f"Run tag {escaped(name)}", value) for name, value in sorted(run.tags.items()))
    if training is not None:
        yield "Training seen", f"{training.call} on {training.rows} rows, {training.digest}"


def _profile(profile: Profile) -> list[str]:
    columns = ("column", "type", "missing", "minimum", "mean", "maximum", "most frequent")
    return [f"{profile.rows} rows.", "", *_table(columns, [_profile_row(column) for column in profile.columns])]


def _profile_row(column: ColumnProfile) -> tuple[object, ...]:
    numbers = (column.minimum, column.mean, column.maximum)
    frequent = ", ".join(f"{category.value} ({category.count})" for category in column.categories[:3])
    shown = ("" if number is None else f"{number:g}" for number in numbers)
    return column.name, column.type, column.missing, *shown, frequent


def _steps(steps: Sequence[Optimization] | None) -> list[str]:
    if not steps:
        return []
    columns = ("step", "tool", "bytes", "nodes", "labels that differ", "largest difference")
    return [
        "## How the graph was optimised",
        "",
        "Each step was proved again.",
        "",
        *_table(columns, map(_step, steps)),
    ]


def _step(step: Optimization) -> tuple[object, ...]:
    sizes = f"{step.bytes_before:,} → {step.bytes_after:,}", f"{step.nodes_before} → {step.nodes_after}"
    largest = max((output.max_absolute for output in step.outputs), default=0.0)
    return step.name, step.tool, *sizes, f"{step.label_flips} of {step.rows} rows", f"{largest:g}"


def _parity(parity: Parity) -> list[str]:
    differences = [
        (output.output, f"{output.max_absolute:g}", f"{output.max_relative:g}", output.max_ulp)
        for output in parity.outputs
    ]
    facts = _facts(
        [
            ("Reference", parity.reference),
            ("Rows compared", parity.rows),
            ("Of those at the model's own boundaries", parity.boundary_rows),
            ("Of those also asked one at a time", parity.single_rows),
            ("Labels that differ", parity.label_flips),
            ("Arithmetic", parity.precision),
        ]
    )
    return [*facts, "", *_table(("output", "largest difference", "relative", "ULP"), differences)]
