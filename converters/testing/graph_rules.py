"""Rules on the graph and its signature: that they fit each other, and that they answer as the model does."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lading.bundles.parity import Tolerance
from lading.bundles.session import ModelLoadError, open_session, session_of
from lading.bundles.signature import Field, Signature
from lading.bundles.tables.table import Table
from lading.bundles.tensors.comparing import AnswerShapeError, Comparison, compare
from lading.bundles.tensors.feeds import Encoder, FieldError
from lading.bundles.tensors.slots import FeedError
from lading.bundles.tensors.values import kind_of
from lading.converters.changing import Edit, edited
from lading.converters.testing.case import Subject

SIZES = (1, 2, 7, 64)
"""Rows that are asked at a time, beside all of them."""
UNSEEN = "\u2042 never seen in training"
STRANGE_ROWS = 5

Columns = Mapping[str, np.ndarray]


def _keeps_the_fields(subject: Subject) -> None:
    rule, remedy = "the signature has the columns of the data", "return the fields that convert was given, with feeds"
    found = subject.converted.signature.fields
    if [field.name for field in found] != [field.name for field in subject.fields]:
        raise subject.fail(rule, f"its fields are {[field.name for field in found]}", remedy)
    for field, given in zip(found, subject.fields, strict=True):
        if field.type != given.type or (given.nullable and not field.nullable):
            raise subject.fail(rule, f"field {field.name!r} is not what the data has", remedy)
    try:
        Encoder(subject.converted.signature)
    except FeedError as error:
        raise subject.fail(rule, str(error), remedy) from error


def _fits_the_graph(subject: Subject) -> None:
    rule, remedy = "the signature's tensors are the graph's", "name and type them as the graph does"
    session = _session(subject, rule)
    signature = subject.converted.signature
    told = {tensor.name for tensor in signature.inputs}, [output.tensor.name for output in signature.outputs]
    has = {tensor.name for tensor in session.get_inputs()}, [tensor.name for tensor in session.get_outputs()]
    if told[0] != has[0] or not set(told[1]) <= set(has[1]):
        raise subject.fail(rule, f"the signature tells {told}, the graph has {has}", remedy)
    missing = set(told[1]) ^ set(subject.expected)
    if missing:
        raise subject.fail(rule, f"reference answers {sorted(subject.expected)}", "answer every output, by its name")


def _answers_alike(subject: Subject) -> None:
    rule = "it answers as the model does, however many rows are asked at a time"
    columns, rows = subject.rows.columns_as_numpy(), subject.rows.rows
    session = session_of(subject.converted.signature, _session(subject, rule))
    Encoder(subject.converted.signature).encode({name: values[:0] for name, values in columns.items()})
    for size in (*(size for size in SIZES if size < rows), rows):
        part = {name: values[:size] for name, values in columns.items()}
        wanted = {name: values[:size] for name, values in subject.expected.items()}
        _check_alike(subject, rule, f"{size} rows", _compared(subject, rule, session, part, wanted))


def _leaves_the_model_alone(subject: Subject) -> None:
    rule = "the model is as it was after it was converted"
    signature = subject.converted.signature
    before = subject.expected
    subject.converter.convert(subject.case.model, subject.given.form, subject.fields, "mixed")
    after = subject.converter.reference(subject.case.model, subject.rows, signature)
    if not compare(signature, before, after, Tolerance(absolute=0.0, relative=0.0)).ok:
        raise subject.fail(rule, "it answers differently", "convert a copy")


def _treats_the_strange_alike(subject: Subject) -> None:
    rule = "missing and unseen values are answered as the model answers them, or refused"
    signature = subject.converted.signature
    session = session_of(signature, _session(subject, rule))
    encoder = Encoder(signature)
    for field in signature.fields if signature.form in ("frame", "array") else ():
        for what, value in _strange(field):
            asked, title = _with(subject.rows, field.name, value), f"{what} {field.name!r}"
            try:
                encoder.encode(asked.columns_as_numpy())
            except FieldError:
                continue
            wanted = _reference(subject, rule, signature, asked, title)
            found = _compared(subject, rule, session, asked.columns_as_numpy(), wanted)
            _check_alike(subject, rule, title, found)


def _strange(field: Field) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [("missing", None)] if field.nullable else []
    if field.type in ("string", "category") and kind_of(field) == "string":
        found.append(("unseen", UNSEEN))
    return found


def _with(rows: Table, name: str, value: object) -> Table:
    """A few rows, in the first of which one value is replaced."""
    others = (Edit(row, ()) for row in range(1, min(STRANGE_ROWS, rows.rows)))
    return edited(rows, [Edit(0, ((name, value),)), *others])


def _reference(subject: Subject, rule: str, signature: Signature, asked: Table, what: str) -> Columns:
    """What the model answers to values that the signature lets pass."""
    try:
        return subject.converter.reference(subject.case.model, asked, signature)
    except Exception as error:
        found = f"the signature lets {what} pass, and the model itself fails: {type(error).__name__}: {error}"
        raise subject.fail(rule, found, 'have the field refuse it: unknown="refuse"') from error


def _compared(subject: Subject, rule: str, session: Any, columns: Columns, wanted: Columns) -> Comparison:
    signature = subject.converted.signature
    names = [output.tensor.name for output in signature.outputs]
    try:
        found = session.run(names, Encoder(signature).encode(columns))
        return compare(signature, wanted, dict(zip(names, found, strict=True)), Tolerance())
    except AnswerShapeError as error:
        raise subject.fail(rule, str(error), "have reference and the graph answer in the same shapes") from error
    except Exception as error:  # ONNX Runtime's errors share no other class
        raise subject.fail(rule, f"the graph fails: {error}", "mend the graph") from error


def _check_alike(subject: Subject, rule: str, what: str, found: Comparison) -> None:
    if not found.ok:
        worst = found.failures[0]
        said = f"{what}, row {worst.row}: {worst.output} is {worst.found}, the model says {worst.expected}"
        raise subject.fail(rule, said, "mend the graph; a value that it cannot treat so is refused by its field")


def _session(subject: Subject, rule: str) -> Any:
    try:
        return open_session(subject.converted.model)
    except ModelLoadError as error:
        raise subject.fail(rule, str(error), "write a graph that ONNX Runtime loads") from error


GRAPH_RULES: Mapping[str, Callable[[Subject], None]] = {
    "keeps the fields": _keeps_the_fields,
    "fits the graph": _fits_the_graph,
    "answers alike": _answers_alike,
    "leaves the model alone": _leaves_the_model_alone,
    "treats the strange alike": _treats_the_strange_alike,
}
