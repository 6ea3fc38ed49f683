"""The conversion: a fitted model and the fields of its data become a graph with a signature."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from lading.bundles.manifest import Graph
from lading.bundles.records import Scalar
from lading.bundles.session import BrokenRuntimeError
from lading.bundles.signature import Field, Form, Signature, Tensor
from lading.bundles.tensors.values import kind_of
from lading.converters.boosting.frameworks import Categories, Native, boosting_of, framework_of, frameworks_in
from lading.converters.converter import Converted, Precision, Problem, UnconvertibleError, class_name
from lading.converters.networks.frameworks import untested
from lading.converters.sklearn.answers import answer, first_step, last_step, promised
from lading.converters.sklearn.counting import LOCALE
from lading.converters.sklearn.denials import diagnose_steps
from lading.converters.sklearn.dictionaries import as_keys, dictionaries_of
from lading.converters.sklearn.encoding import accepts_unseen, unseen
from lading.converters.sklearn.failing import refused
from lading.converters.sklearn.graph import BATCH, IR_VERSION, OPSETS, finish, graph_of
from lading.converters.sklearn.layout import (
    ENCODERS,
    Column,
    Layout,
    Use,
    branches,
    diagnose_layout,
    is_missing,
    is_passthrough,
    layout_of,
    takes_dictionaries,
    uses,
)
from lading.converters.sklearn.members import members_of
from lading.converters.sklearn.rewriting import TREES, Rewriter, RewritingError
from lading.converters.sklearn.strictness import diagnose_strictness, taken_of
from lading.converters.sklearn.unwrapping import unwrapped

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

TESTED = {"scikit-learn": ">=1.5,<1.10", "skl2onnx": "==1.20.*"}
"""The versions that conversion was tested with; a note says that others were not."""

PACKAGES = ("scikit-learn", "skl2onnx", "onnx", "numpy", "pandas", "joblib", "scipy")


def diagnose(model: Any, form: Form, fields: Sequence[Field]) -> list[Problem]:
    """What keeps ``model`` from being converted; see ``Converter.diagnose``."""
    inner = unwrapped(model)
    if isinstance(inner, Problem):
        return [inner]
    form, fields = _as_seen(inner, form, fields)
    expected = getattr(inner, "n_features_in_", len(fields))
    if expected is not None and expected != len(fields):
        found = f"was trained on {expected} columns, the data has {len(fields)}"
        return [
            Problem(
                "", found, "name the target by target= (--target), and the model's own columns by features= (--feature)"
            )
        ]
    return diagnose_steps(inner) or [*diagnose_layout(inner, form, fields), *diagnose_strictness(inner, len(fields))]


def convert(model: Any, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
    """The model as a graph; see ``Converter.convert``."""
    problems = diagnose(model, form, fields)
    if problems:
        raise UnconvertibleError(_title(model), tuple(problems))
    inner = unwrapped(model)
    form, fields = _as_seen(inner, form, fields)
    layout = layout_of(inner, form, fields)
    answers, found = promised(inner), list(uses(inner, range(len(fields))))
    kept = [one for one in answers if one is not None]
    inputs = [(layout.input(kind), kind, width) for kind, width in layout.widths.items()]
    try:
        rewriter = Rewriter(precision)
        rewritten = rewriter.model(inner, cast(tuple[Column, ...], layout.columns))
        proto = graph_of(rewritten, inputs, [None if one is None else one.name for one in answers])
        data, tensors = finish(proto, kept)
    except RewritingError as error:
        raise UnconvertibleError(_title(model), (error.problem,)) from error
    except (BrokenRuntimeError, UnconvertibleError):
        raise
    except Exception as error:
        # skl2onnx and ONNX Runtime raise dozens of unrelated classes for what they do not support.
        raise UnconvertibleError(_title(model), (refused(inner, error),)) from error
    own, boosted = framework_of(inner), frameworks_in(model).values()
    coded = {place: names for use in found for place, names in _coded(use, fields)}
    signature = Signature(
        form=form,
        fields=tuple(_fed(field, layout, place, found, coded) for place, field in enumerate(fields)),
        inputs=tuple(_input(name, kind, width) for name, kind, width in inputs),
        outputs=tuple(one.output(tensor) for one, tensor in zip(kept, tensors, strict=True)),
    )
    return Converted(
        model=data,
        graph=Graph(
            framework="scikit-learn" if own is None else own.name,
            ir_version=IR_VERSION,
            opsets={"ai.onnx": OPSETS[""], "ai.onnx.ml": OPSETS["ai.onnx.ml"]},
            locale=LOCALE if rewriter.reads_text else None,
        ),
        signature=signature,
        precision="float64" if precision == "double" and not _has_trees(inner) else "mixed",
        reference=f"scikit-learn {version('scikit-learn')}" if own is None else f"{own.name} {own.installed}",
        packages=(*PACKAGES, *(name for found in boosted for name in found.distributions)),
        thresholds=_thresholds(inner),
        notes=(*untested(TESTED), *(found.note for found in boosted if found.note is not None)),
        unseen=tuple(pair for use in found for pair in _unseen(use, fields)),
    )


def _as_seen(model: Any, form: Form, fields: Sequence[Field]) -> tuple[Form, Sequence[Field]]:
    """What the model was trained on; dictionaries are a frame, whose columns a row need not have."""
    return ("frame", as_keys(fields)) if takes_dictionaries(model) else (form, fields)


def _title(model: Any) -> str:
    return class_name(model.model if isinstance(model, Native) else model)


def _input(name: str, kind: str, width: int) -> Tensor:
    return Tensor(name=name, dtype="string" if kind == "text" else "float64", shape=(BATCH, width))


def _fed(
    field: Field, layout: Layout, position: int, found: Sequence[Use], coded: Mapping[int, Sequence[Scalar]]
) -> Field:
    """The field with its feed, and with the categories outside which the model itself would fail."""
    changes: dict[str, object] = {"feed": layout.feed(position)}
    taken = taken_of(position, found, lambda value: _scalar(value, kind_of(field)))
    if position in coded:
        taken.append({_scalar(value, kind_of(field)) for value in coded[position] if not is_missing(value)})
    if taken:
        changes |= {"unknown": "refuse", "categories": tuple(sorted(set.intersection(*taken)))}
    return field.model_copy(update=changes)


def _coded(use: Use, fields: Sequence[Field]) -> Iterator[tuple[int, Sequence[Scalar]]]:
    """The fields for which boosted trees take no other categories than these, with these."""
    boosting = boosting_of(use.step)
    if boosting is None:
        return
    known = boosting.categories(use.step, {place: fields[at] for place, at in enumerate(use.positions)})
    for place, found in known.items():
        if isinstance(found, Categories) and found.strict:
            yield use.positions[place], found.values


def _unseen(use: Use, fields: Sequence[Field]) -> Iterator[tuple[str, Scalar]]:
    """Numbers that are no category to an encoder which takes such, of the types of the fields."""
    if not isinstance(use.step, ENCODERS) or not accepts_unseen(use.step):
        return
    for position, known in zip(use.positions, use.step.categories_, strict=True):
        field = fields[position]
        if field.type in ("integer", "number") and known.dtype.kind in "iuf":
            value = _scalar(unseen(known), field.type)
            if _holds(field.dtype, value):
                yield field.name, value


def _holds(dtype: str, value: Scalar) -> bool:
    """Whether a column of a type holds a number as it is."""
    try:
        return bool(np.dtype(dtype.lower()).type(value) == value)
    except (TypeError, OverflowError):  # a type of Arrow's, or too small
        return False


def _scalar(value: Any, kind: str) -> Scalar:
    if kind == "string":
        return str(value)
    if kind == "boolean":
        return bool(value)
    return int(value) if kind == "integer" else float(value)


def _has_trees(model: Any) -> bool:
    members = [member for _, member in members_of(model)]
    steps = [step for _, step in getattr(model, "steps", ())]
    return _is_tree(model) or any(map(_has_trees, (*steps, *members)))


def _thresholds(model: Any) -> Literal["sharp", "near"] | None:
    if not _has_trees(model):
        return None
    return "sharp" if _is_tree(last_step(model)) and not _computes(model) else "near"


def _is_tree(model: Any) -> bool:
    return isinstance(model, TREES) or boosting_of(model) is not None


def _computes(model: Any) -> bool:
    """Whether anything but imputing and encoding happens on the way to the last step."""
    if isinstance(model, Pipeline):
        return any(map(_computes, (step for _, step in model.steps)))
    if isinstance(model, ColumnTransformer):
        return any(_computes(step) for _, step, _ in branches(model))
    exact = (*ENCODERS, SimpleImputer, DictVectorizer)
    return not (is_passthrough(model) or _is_tree(model) or isinstance(model, exact))


def reference(model: Any, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
    """What the model itself answers; see ``Converter.reference``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of unseen categories and the like, which the rows hold on purpose
        return answer(model, _as_trained(unwrapped(model), rows, signature), signature.outputs)


def _as_trained(model: Any, rows: "Table", signature: Signature) -> Any:
    """The rows as the model takes them: its own columns in its order, an array where it was trained on one."""
    names = [field.name for field in signature.fields]
    if takes_dictionaries(model):
        return dictionaries_of(rows.select(names), signature.fields)
    original = rows.select(names).original
    if isinstance(original, np.ndarray):
        return original
    boosting = boosting_of(model)
    if boosting is not None and signature.form == "frame":
        frame = original.to_pandas() if hasattr(original, "to_pandas") else original
        return boosting.fed(model, frame, dict(enumerate(signature.fields)))
    if hasattr(original, "to_pandas") and not hasattr(original, "with_columns"):  # Arrow; polars is taken as it is
        original = original.to_pandas()
    if isinstance(first_step(model), CountVectorizer):
        return original[names[0]]
    return original.to_numpy() if signature.form == "array" else original
