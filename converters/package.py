"""Packaging: a trained model and the rows it was trained on become one bundle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lading.bundles.capturing.capture import capture_code, capture_environment
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.optimization import StepName
from lading.bundles.origin import Origin
from lading.bundles.parity import Parity, Tolerance
from lading.bundles.provenance import Provenance
from lading.bundles.records import Scalar
from lading.bundles.sensitive import marked, sensitive_fields, withheld
from lading.bundles.signature import Field, Form, Signature
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.profiling import profile_of
from lading.converters.arrays import plain_arrays
from lading.converters.classifying import classifying
from lading.converters.converter import (
    Converted,
    Converter,
    Precision,
    UnconvertibleError,
    class_name,
    converter_for,
)
from lading.converters.dictionaries import TakesDictionaries, tabled, tabled_parts
from lading.converters.graph import with_notes
from lading.converters.history import History, file_name, further_data
from lading.converters.optimizing import Gain, StepError, check_weights
from lading.converters.optimizing import optimize as optimize_graph
from lading.converters.parity import GraphFailedError, Proof, prove
from lading.converters.request import Request, check_roles
from lading.converters.targets import Target, naming
from lading.converters.tracker import find_run
from lading.converters.tracking import seen_of
from lading.converters.training_data import TrainingData, training_data
from lading.core.settings import LIMITS

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""


@dataclass(frozen=True)
class Packaged:
    """A bundle that was written."""

    path: Path
    digest: str
    """The digest of the bundle: ``sha256:`` and 64 hex digits."""
    parity: Parity
    notes: tuple[str, ...] = ()
    """What was decided on the way, in sentences."""
    gains: tuple[Gain, ...] = ()
    """What each step of optimising brought."""


def package(
    model: object,
    data: object = None,
    *,
    name: str,
    version: str = "1.0.0",
    path: Path | str | None = None,
    target: Sequence[str] | str | None = None,
    y: object = None,
    features: Sequence[str] | str | None = None,
    sensitive: Sequence[str] | str = (),
    datasets: Mapping[str, object] | None = None,
    metrics: Mapping[str, float] | None = None,
    run: str | None = None,
    source: str | None = None,
    data_name: str | None = None,
    author: str | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    entry_point: Path | str | None = None,
    precision: str = "auto",
    optimize: Sequence[str] | str = (),
    tolerance: Tolerance | None = None,
    waiver: str | None = None,
    classes: Sequence[Scalar] | None = None,
    scores: str | None = None,
    progress: Progress | None = None,
) -> Packaged:
    """Convert ``model``, prove that the graph answers as it does, and write the bundle.

    ``data`` are the rows that the model was trained on: a pandas, polars or pyarrow table, a NumPy matrix, the path of
    a CSV, Parquet or Arrow file, a list of dictionaries for a model that takes these, or for ready-made ONNX graphs a
    mapping from input names to arrays. It may be left out where the training was watched (``track``). ``target`` names
    the column of the labels, or the columns of a model that predicts several; it may lie apart, as ``y``. ``features``
    are the columns that the model takes, where the data has more. ``datasets`` are further data by what it was used
    for: ``{"validation": rows, "test": (rows, target)}``; the bundle keeps their digests. ``sensitive`` are columns
    whose values no log shall hold and no profile describe; the golden rows have some all the same, and a note says so.
    ``run`` names the run of an experiment tracker, as in ``mlflow:0a1b2c``; where it is not given it is the one that is
    under way. ``metrics`` are finite numbers, ``tags`` texts, by name; ``entry_point`` is the script or notebook that
    trained. ``path`` is the bundle's, ``{name}-{version}.lading`` in the current folder when not given; a bundle that
    is there is replaced, all at once or not at all. ``precision`` is ``auto`` (float64 up to the last estimator,
    float64 throughout when the proof fails otherwise) or ``double``. ``optimize`` names steps that make the graph
    quicker or smaller, each proved again: ``int8``, ``graph``. ``waiver`` is the reason to accept a failed proof.
    ``classes`` names the columns of the one output of a model that does not know them itself, and ``scores`` says what
    they hold: ``scores`` (the largest wins), ``logits`` (a softmax makes them probabilities, a sigmoid where there is
    one column for two classes), or ``probabilities``.

    The same model and data give the same bytes. What is asked is checked before any work. Raises children of
    ``UsageError`` for arguments that cannot be, a model that cannot be converted or data that does not fit it,
    ``OccupiedError`` for a path where something else is, ``ParityError`` when the answers differ, ``StepError`` when
    they do after a step of ``optimize``, and ``LadingError`` for the rest.
    """
    request = Request(
        name=name,
        version=version,
        path=path,
        target=target,
        features=features,
        sensitive=sensitive,
        metrics=metrics,
        run=run,
        source=source,
        data_name=data_name,
        author=author,
        tags=tags,
        description=description,
        entry_point=entry_point,
        precision=precision,
        optimize=optimize,
        tolerance=tolerance,
        waiver=waiver,
        classes=classes,
        scores=scores,
    )
    return package_as(request, model, data, y, datasets, progress)


def package_as(
    request: Request,
    model: object,
    data: object = None,
    y: object = None,
    datasets: Mapping[str, object] | None = None,
    progress: Progress | None = None,
) -> Packaged:
    """What ``package`` does, for a request that was checked before the model and the data were there."""
    say = progress if progress is not None else _quiet
    check_roles({} if datasets is None else datasets)
    history = History(find_run(request.run), seen_of(model))
    own = converter_for(model)
    converter = classifying(own, model, request.classes, request.scores)
    dictionaries = isinstance(own, TakesDictionaries) and own.takes_dictionaries(model)
    data = tabled(data) if dictionaries else plain_arrays(data)
    say("looking at the columns")
    target: Target = request.targets or None
    known = converter.features(model)
    if data is None:
        data, y, seen_target = history.rows()
        data = tabled(data) if dictionaries else data
        target = seen_target if target is None else target
    given = training_data(data, known, target, request.columns, y)
    given.check_sensitive(request.sensitive_columns)
    others = {} if datasets is None else datasets
    if dictionaries:
        others = {role: tabled_parts(rows) for role, rows in others.items()}
    further = further_data(others, known, given.targets or None, request.columns)
    converter = naming(converter, given.targets if given.told else ())
    experiment = history.experiment(model, request.metrics, further)
    fields = fields_of(given.rows)
    attempt = _Attempt(converter, model, given, fields, request.tolerance, request.steps, say)
    converted, proof, notes = attempt.proved(request.precision, request.waiver)
    optimized = optimize_graph(converted, proof, request.steps, partial(attempt.proved_again, waiver=request.waiver))
    say("describing the data")
    named = file_name(data)
    provenance = Provenance(
        data=given.provenance(
            named if request.data_name is None else request.data_name,
            named if request.source is None else request.source,
        ),
        datasets=history.datasets(further),
        experiment=experiment,
        code=capture_code(request.entry) if history.found.code is None else history.found.code,
        environment=capture_environment(optimized.converted.packages),
        author=request.author,
        tags={} if request.tags is None else request.tags,
    )
    draft = _draft(request, optimized.converted, optimized.proof, given, provenance)
    say(f"writing {request.where}")
    found = (
        *history.notes(given),
        *converted.notes,
        *notes,
        *optimized.notes,
        *_kept(draft.signature),
        *_large(request, draft),
    )
    digest = write_bundle(draft, request.where)
    return Packaged(request.where, digest, draft.parity, found, optimized.gains)


def _draft(request: Request, converted: Converted, proof: Proof, given: TrainingData, provenance: Provenance) -> Draft:
    sensitive = request.sensitive_columns
    signature = marked(converted.signature, sensitive)
    origin = Origin(request.name, request.version, provenance.data.digest)
    return Draft(
        name=request.name,
        version=request.version,
        description=request.description,
        graph=converted.graph,
        signature=signature,
        provenance=provenance,
        parity=proof.parity,
        golden=proof.golden(signature),
        profile=withheld(profile_of(given.whole), sensitive),
        model=with_notes(converted.model, origin.notes),
        extra_files={} if converted.weights is None else converted.weights.files_at(converted.graph.path),
    )


def _kept(signature: Signature) -> tuple[str, ...]:
    """What is to be known of a bundle with sensitive fields."""
    names = sorted(sensitive_fields(signature))
    if not names:
        return ()
    return (
        f"the golden rows hold real values of {', '.join(names)}, which are sensitive: they are replayed wherever the "
        "model is loaded, so that whoever has the bundle can read them",
    )


def _large(request: Request, draft: Draft) -> tuple[str, ...]:
    """What is to be known of an archive that is larger than those that are read where nothing else is said."""
    size = sum(source.stat().st_size for source in draft.extra_files.values() if isinstance(source, Path))
    if request.where.suffix != ".lading" or size < LIMITS.archive_bytes:
        return ()
    return (
        f"the archive has more than {LIMITS.archive_bytes} bytes, and is read only where LADING_ARCHIVE_BYTES allows "
        "it; a folder is read as it is: give a path that does not end in .lading",
    )


def _quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class _Attempt:
    """One model with its data, tried in one precision after the other."""

    converter: Converter
    model: object
    given: TrainingData
    fields: tuple[Field, ...]
    tolerance: Tolerance | None
    steps: Sequence[StepName]
    say: Progress

    def proved(self, precision: str, waiver: str | None) -> tuple[Converted, Proof, tuple[str, ...]]:
        """The first conversion that is proved, else the first one with its waiver."""
        orders: tuple[Precision, ...] = ("mixed", "double") if precision == "auto" else ("double",)
        failed: list[tuple[Converted, Proof]] = []
        refusals: list[UnconvertibleError | GraphFailedError] = []
        for order in orders:
            try:
                converted = self._converted(order)
                if any(converted.model == earlier.model for earlier, _ in failed):
                    continue
                self.say("proving that it answers the same")
                proof = prove(self.converter, self.model, converted, self.given.rows, self.tolerance)
            except (UnconvertibleError, GraphFailedError) as error:
                refusals.append(error)
                continue
            if not proof.failed:
                return converted, proof, _notes(failed, refusals, converted)
            failed.append((converted, proof))
        if not failed:
            raise refusals[0]
        converted, proof = failed[0]
        if waiver is None:
            tried = tuple(converted.precision for converted, _ in failed)
            raise failed[-1][1].error(class_name(self.model), tried)
        waived = proof.waived(waiver.strip())
        return converted, waived, (f"the proof failed for {proof.failed} rows and was waived",)

    def proved_again(self, optimized: Converted, step: str, waiver: str | None) -> Proof:
        """The proof of a graph after a step of optimising; where it fails, with its waiver. Raises ``StepError``."""
        self.say(f"proving that it answers the same after the step {step}")
        proof = prove(self.converter, self.model, optimized, self.given.rows, self.tolerance)
        if not proof.failed:
            return proof
        if waiver is None:
            raise StepError(step, class_name(self.model), proof.failed, proof.parity.rows, proof.worst())
        return proof.waived(waiver.strip())

    def _converted(self, precision: Precision) -> Converted:
        self.say(f"converting {class_name(self.model)}")
        form: Form = self.given.form
        converted = self.converter.convert(self.model, form, self.fields, precision)
        check_weights(converted, self.steps)
        return converted


def _notes(
    failed: Sequence[tuple[Converted, Proof]], refusals: Sequence[Exception], converted: Converted
) -> tuple[str, ...]:
    if failed:
        earlier = failed[0]
        return (
            f"{earlier[0].precision} precision differed in {earlier[1].failed} rows; "
            f"{converted.precision} precision was taken",
        )
    return (f"{converted.precision} precision was taken, since the graph needs it",) if refusals else ()
