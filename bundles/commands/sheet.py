"""The sheet: all that a bundle says, laid out for a person or as one document for a program."""

import sys
from collections.abc import Iterable, Mapping, Sequence

from lading.bundles.bill_of_materials import bill_of_materials
from lading.bundles.bundle import Bundle
from lading.bundles.card import classes, missing, model_card, seen, type_of
from lading.bundles.golden import Golden
from lading.bundles.measures import data_by_role
from lading.bundles.optimization import Optimization
from lading.bundles.outline import estimator, lines, scalar
from lading.bundles.parity import Parity
from lading.bundles.profile import Profile
from lading.bundles.provenance import Provenance, Run
from lading.bundles.signature import Signature
from lading.bundles.signing.judgement import Judgement
from lading.core.console import (
    print_facts,
    print_heading,
    print_json,
    print_lines,
    print_table,
    print_text,
    print_warning,
)


def show(bundle: Bundle, format: str, evidence: Sequence[Judgement]) -> None:  # noqa: A002 - what the option is called
    """Write a bundle to standard output as ``text``, ``json``, ``card`` or ``cyclonedx``.

    The card is made anew of the manifest: what the bundle holds under that name was written by whoever made it.
    """
    match format:
        case "json":
            print_json(sheet_document(bundle, evidence))
        case "card":
            sys.stdout.write(model_card(bundle.manifest, bundle.profile()))
        case "cyclonedx":
            print_json(bill_of_materials(bundle))
        case _:
            print_sheet(bundle, evidence)


def sheet_document(bundle: Bundle, evidence: Sequence[Judgement]) -> dict[str, object]:
    """All of it as one JSON document: the manifest as it is, the profile, how many golden rows, the judged evidence."""
    golden = bundle.golden()
    return {
        "path": str(bundle.path),
        "digest": bundle.digest,
        "manifest": bundle.manifest.model_dump(mode="json", exclude_none=True),
        "golden": {"rows": golden.rows, "boundary_rows": golden.origins.count("boundary")},
        "profile": bundle.profile().model_dump(mode="json", exclude_none=True),
        "evidence": [one.model_dump(mode="json") for one in evidence],
    }


def print_sheet(bundle: Bundle, evidence: Sequence[Judgement]) -> None:
    """Write all of it to standard output, for a person."""
    manifest = bundle.manifest
    print_heading(manifest.deployment)
    if manifest.description is not None:
        print_text(manifest.description)
    if manifest.parity.waiver is not None:
        print_warning(f"Parity was not reached. It was waived, for this reason: {manifest.parity.waiver}")
    size = sum(entry.size for entry in manifest.files)
    files = f"{len(manifest.files)}, {size:,} bytes"
    print_facts({"digest": bundle.digest, "path": str(bundle.path), "files": files})
    _print_evidence(evidence)
    _print_signature(manifest.signature)
    _print_provenance(manifest.provenance)
    _print_profile(bundle.profile())
    _print_parity(manifest.parity)
    _print_graph(bundle, bundle.golden())


def _print_evidence(evidence: Sequence[Judgement]) -> None:
    if evidence:
        print_heading("Evidence")
        print_table(["file", "kind", "worth"], [[one.file, one.kind_shown, str(one)] for one in evidence])


def _print_signature(signature: Signature) -> None:
    print_heading("Fields")
    columns = ["field", "type", "may be missing", "values seen in training", "goes to"]
    inputs = {tensor.name: tensor for tensor in signature.inputs}
    rows = []
    for field in signature.fields:
        goes_to = "not used"
        if field.feed is not None:
            column = "" if field.feed.column is None else f" column {field.feed.column}"
            goes_to = f"{field.feed.input} ({inputs[field.feed.input].dtype}){column}"
        rows.append([field.name, type_of(field), missing(field), seen(field), goes_to])
    print_table(columns, rows)
    print_heading("Outputs")
    shapes = {output.tensor.name: "[" + ", ".join(map(str, output.tensor.shape)) + "]" for output in signature.outputs}
    print_table(
        ["output", "meaning", "tensor", "classes"],
        [
            [output.tensor.name, output.meaning, output.tensor.dtype + shapes[output.tensor.name], classes(output)]
            for output in signature.outputs
        ],
    )


def _print_provenance(provenance: Provenance) -> None:
    data, experiment, code = provenance.data, provenance.experiment, provenance.code
    _section(
        "Data",
        [
            ("name", data.name),
            ("source", data.source),
            ("digest", data.digest),
            ("rows", data.rows),
            ("columns", data.columns),
            ("target", data.target),
        ],
    )
    for role, further in list(data_by_role(provenance).items())[1:]:
        _section(f"Data: {role}", list(further))
    _section(
        "Experiment",
        [
            ("estimator", estimator(experiment)),
            ("class", experiment.estimator),
            ("author", provenance.author),
            *_named("metric", experiment.metrics),
            *_named("tag", provenance.tags),
        ],
    )
    if experiment.run is not None:
        _print_run(experiment.run)
    if experiment.training is not None:
        _section("Training, as it was watched", list(experiment.training))
    if experiment.parameters:
        print_heading("Parameters")
        print_lines((f"{'  ' * line.depth}{line.name}", line.value) for line in lines(experiment.parameters))
    dirty = None if code.dirty is None else ("yes" if code.dirty else "no")
    _section(
        "Code",
        [
            ("repository", code.repository),
            ("commit", code.commit),
            ("uncommitted changes", dirty),
            ("entry point", code.entry_point),
        ],
    )
    environment = provenance.environment
    _section("Environment", [("python", environment.python), *sorted(environment.packages.items())])


def _print_run(run: Run) -> None:
    _section(
        "Run",
        [
            *((name, value) for name, value in run if isinstance(value, str)),
            *_named("parameter", {name: scalar(value) for name, value in run.parameters.items()}),
            *_named("tag", run.tags),
            *(
                (
                    f"data {data.name}",
                    " ".join(part for part in (data.digest, data.context, data.source) if part is not None),
                )
                for data in run.datasets
            ),
        ],
    )


def _print_profile(profile: Profile) -> None:
    print_heading("Training data")
    print_table(
        ["column", "type", "missing", "minimum", "mean", "maximum", "distinct"],
        [
            [
                column.name,
                column.type,
                str(column.missing),
                *map(_number, (column.minimum, column.mean, column.maximum)),
                _number(column.distinct),
            ]
            for column in profile.columns
        ],
    )


def _print_parity(parity: Parity) -> None:
    worst = parity.worst
    _section(
        "Parity",
        [
            ("waived", parity.waiver),
            ("reference", parity.reference),
            ("rows compared", f"{parity.rows}, {parity.boundary_rows} of them at the model's own boundaries"),
            ("one at a time", parity.single_rows),
            ("labels that differ", parity.label_flips),
            ("arithmetic", parity.precision),
            ("tolerance", f"{parity.tolerance.absolute:g} + {parity.tolerance.relative:g} of the expected value"),
            ("worst row", None if worst is None else f"{worst.row} ({worst.origin}), output {worst.output}"),
            ("", None if worst is None else f"expected {worst.expected}, found {worst.found}"),
            ("versions", ", ".join(f"{name} {version}" for name, version in sorted(parity.versions.items()))),
        ],
    )
    print_table(
        ["output", "largest difference", "relative", "ULP"],
        [[o.output, f"{o.max_absolute:g}", f"{o.max_relative:g}", str(o.max_ulp)] for o in parity.outputs],
    )


def _print_graph(bundle: Bundle, golden: Golden) -> None:
    graph = bundle.manifest.graph
    boundary = golden.origins.count("boundary")
    _section(
        "Graph",
        [
            ("file", graph.path),
            ("framework", graph.framework),
            ("opsets", ", ".join(f"{domain} {opset}" for domain, opset in sorted(graph.opsets.items()))),
            ("locale", graph.locale),
            ("golden rows", f"{golden.rows}, {boundary} of them at the model's own boundaries"),
            *((f"step {step.name}", _step(step)) for step in graph.steps or ()),
        ],
    )


def _step(step: Optimization) -> str:
    """What a step of optimising did, in a line."""
    sizes = f"{step.bytes_before:,} → {step.bytes_after:,} bytes, {step.nodes_before} → {step.nodes_after} nodes"
    largest = max((output.max_absolute for output in step.outputs), default=0.0)
    return f"{sizes}, by {step.tool}; {step.label_flips} labels differ, numbers by {largest:g} at most"


def _section(heading: str, facts: Iterable[tuple[str, object]]) -> None:
    """A heading and the facts that are known."""
    known = {name: str(value) for name, value in facts if value is not None}
    if known:
        print_heading(heading)
        print_facts(known)


def _named(kind: str, values: Mapping[str, object]) -> list[tuple[str, object]]:
    return [(f"{kind} {name}", value) for name, value in sorted(values.items())]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
