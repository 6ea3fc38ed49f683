"""Packaging: a trained model and the rows it was trained on become one bundle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lading.bundles.capturing.capture import capture_code, capture_environment
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.manifest import BundleName, BundleVersion
from lading.bundles.parity import Parity, Tolerance
from lading.bundles.provenance import Provenance
from lading.bundles.signature import Field
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.profiling import profile_of
from lading.converters.converter import (
    Converted,
    Converter,
    Form,
    Precision,
    UnconvertibleError,
    class_name,
    converter_for,
)
from lading.converters.experiment import experiment_of
from lading.converters.parity import Proof, prove
from lading.converters.training_data import TrainingData, training_data
from lading.core.errors import UsageError

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""


class PrecisionError(UsageError):
    """The precision is not one that there is."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        return f"precision is {self.found!r}, expected 'auto' or 'double'"


class BundleNameError(UsageError):
    """A name or a version cannot be a bundle's."""

    def __init__(self, what: str, found: str) -> None:
        super().__init__(what, found)
        self.what, self.found = what, found

    def __str__(self) -> str:
        letters = "lower-case letters" if self.what == "name" else "letters"
        return (
            f"the {self.what} {self.found!r} cannot be a bundle's; expected {letters}, digits, '.', '_' and '-', "
            "64 at most, with a letter or a digit at both ends"
        )


class EmptyWaiverError(UsageError):
    """A waiver gives no reason."""

    def __str__(self) -> str:
        return "the waiver is empty; say why the difference is accepted, since every reader of the bundle sees it"


@dataclass(frozen=True)
class Packaged:
    """A bundle that was written."""

    path: Path
    digest: str
    """The digest of the bundle: ``sha256:`` and 64 hex digits."""
    parity: Parity
    notes: tuple[str, ...] = ()
    """What was decided on the way, in sentences."""


def package(
    model: object,
    data: object,
    *,
    name: str,
    version: str = "1.0.0",
    path: Path | str | None = None,
    target: str | None = None,
    y: object = None,
    features: Sequence[str] | None = None,
    metrics: Mapping[str, float] | None = None,
    source: str | None = None,
    data_name: str | None = None,
    author: str | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    entry_point: Path | None = None,
    precision: str = "auto",
    tolerance: Tolerance | None = None,
    waiver: str | None = None,
    progress: Progress | None = None,
) -> Packaged:
    """Convert ``model``, prove that the graph answers as it does, and write the bundle.

    ``data`` are the rows that the model was trained on: a pandas, polars or pyarrow table, a NumPy matrix, or for
    ready-made ONNX graphs a mapping from input names to arrays. ``target`` names the column of the labels; it may lie
    apart, as ``y``. ``features`` are the columns that the model takes, where the data has more.
    ``path`` is the bundle's, ``{name}-{version}.lading`` in the current folder when not given; a bundle that is there
    is replaced, all at once or not at all. ``precision`` is ``auto`` (float64 up to the last estimator, float64
    throughout when the proof fails otherwise) or ``double``. ``waiver`` is the reason to accept a failed proof.

    The same model and data give the same bytes. Raises children of ``UsageError`` for a model that cannot be
    converted or data that does not fit it, ``ParityError`` when the answers differ, and ``LadingError`` for the rest.
    """
    say = progress if progress is not None else _quiet
    _check(name, version, precision, waiver)
    experiment = experiment_of(model, metrics)
    converter = converter_for(model)
    say("reading the data")
    given = training_data(data, converter.features(model), target, features, y)
    fields = fields_of(given.rows)
    attempt = _Attempt(converter, model, given, fields, Tolerance() if tolerance is None else tolerance, say)
    converted, proof, notes = attempt.proved(precision, waiver)
    say("describing the data")
    provenance = Provenance(
        data=given.provenance(data_name, source),
        experiment=experiment,
        code=capture_code(entry_point),
        environment=capture_environment(converted.packages),
        author=author,
        tags={} if tags is None else tags,
    )
    draft = _draft(name, version, description, converted, proof, given, provenance)
    where = Path(f"{name}-{version}.lading" if path is None else path)
    say(f"writing {where}")
    return Packaged(where, write_bundle(draft, where), proof.parity, notes)


def _draft(
    name: str,
    version: str,
    description: str | None,
    converted: Converted,
    proof: Proof,
    given: TrainingData,
    provenance: Provenance,
) -> Draft:
    return Draft(
        name=name,
        version=version,
        description=description,
        graph=converted.graph,
        signature=converted.signature,
        provenance=provenance,
        parity=proof.parity,
        golden=proof.golden(converted.signature),
        profile=profile_of(given.whole),
        model=converted.model,
    )


def _check(name: str, version: str, precision: str, waiver: str | None) -> None:
    """Refuse what cannot be, before the work rather than after it."""
    _check_name("name", BundleName, name)
    _check_name("version", BundleVersion, version)
    if precision not in ("auto", "double"):
        raise PrecisionError(precision)
    if waiver is not None and not waiver.strip():
        raise EmptyWaiverError


def _check_name(what: str, kind: Any, found: str) -> None:
    try:
        TypeAdapter(kind).validate_python(found, strict=True)
    except ValidationError:
        raise BundleNameError(what, found) from None


def _quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class _Attempt:
    """One model with its data, tried in one precision after the other."""

    converter: Converter
    model: object
    given: TrainingData
    fields: tuple[Field, ...]
    tolerance: Tolerance
    say: Progress

    def proved(self, precision: str, waiver: str | None) -> tuple[Converted, Proof, tuple[str, ...]]:
        """The first conversion that is proved, else the first one with its waiver."""
        orders: tuple[Precision, ...] = ("mixed", "double") if precision == "auto" else ("double",)
        failed: list[tuple[Converted, Proof]] = []
        refusals: list[UnconvertibleError] = []
        for order in orders:
            try:
                converted = self._converted(order)
            except UnconvertibleError as error:
                refusals.append(error)
                continue
            if any(converted.model == earlier.model for earlier, _ in failed):
                continue
            self.say("proving that it answers the same")
            proof = prove(self.converter, self.model, converted, self.given.rows, self.tolerance)
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

    def _converted(self, precision: Precision) -> Converted:
        self.say(f"converting {class_name(self.model)}")
        form: Form = self.given.form
        return self.converter.convert(self.model, form, self.fields, precision)


def _notes(
    failed: Sequence[tuple[Converted, Proof]], refusals: Sequence[UnconvertibleError], converted: Converted
) -> tuple[str, ...]:
    if failed:
        earlier = failed[0]
        return (
            f"{earlier[0].precision} precision differed in {earlier[1].failed} rows; "
            f"{converted.precision} precision was taken",
        )
    return (f"{converted.precision} precision was taken, since the graph needs it",) if refusals else ()
