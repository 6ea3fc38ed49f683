"""The difference: what two bundles state otherwise, section by section."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from pydantic import JsonValue

from lading.bundles.bundle import Bundle
from lading.bundles.canonical import canonical_json
from lading.bundles.golden import Golden
from lading.bundles.graphs.parts import Parts, graph_parts
from lading.bundles.manifest import Manifest
from lading.bundles.outline import is_step
from lading.bundles.signature import Signature

Facts = dict[str, JsonValue]
"""Facts by name: what one bundle states in one section."""

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Change:
    """One fact that two bundles state otherwise."""

    name: str
    kind: Kind
    before: JsonValue = None
    """What the first bundle states, where it does."""
    after: JsonValue = None
    """What the second one states, where it does."""


def difference(first: Bundle, second: Bundle) -> dict[str, list[Change]]:
    """The changes from the first bundle to the second, by section; sections without any are left out.

    Nothing differs exactly when the bundles have the same digest.
    """
    if first.digest == second.digest:
        return {}
    sections = {name: changes(facts(first), facts(second)) for name, facts in SECTIONS.items()}
    sections["golden rows"] = _answers(first, second)
    found = {name: made for name, made in sections.items() if made}
    return found if found else {"files": changes(_files(first), _files(second))}


def changes(before: JsonValue, after: JsonValue, name: str = "") -> list[Change]:
    """What two JSON values state otherwise, by where it stands: members by name, list items by the name that they have.

    What only one of them has is one change, whatever lies within it.

    >>> changes({"fields": [{"name": "mass", "type": "number"}]}, {"fields": [{"name": "mass", "type": "string"}]})
    [Change(name='fields.mass.type', kind='changed', before='number', after='string')]
    """
    old, new = _members(before), _members(after)
    if old is None or new is None or isinstance(before, list) is not isinstance(after, list):
        same = canonical_json(before) == canonical_json(after)
        return [] if same else [Change(name, "changed", before, after)]
    made = []
    for member in {**old, **new}:
        where = ".".join(part for part in (name, member) if part)
        if member not in new:
            made.append(Change(where, "removed", before=old[member]))
        elif member not in old:
            made.append(Change(where, "added", after=new[member]))
        else:
            made += changes(old[member], new[member], where)
    return made


def _members(value: JsonValue) -> dict[str, JsonValue] | None:
    """The members of an object, an estimator's parameters beside its class, or list items that have names."""
    if isinstance(value, dict) and value.keys() == {"estimator", "parameters"}:
        parameters = _members(value["parameters"])
        return {"": value["estimator"], **({} if parameters is None else parameters)}
    if isinstance(value, list):
        named = dict(pair for item in value if (pair := _name_of(item)) is not None)
        return named if len(named) == len(value) else None
    return value if isinstance(value, dict) else None


def _name_of(value: JsonValue) -> tuple[str, JsonValue] | None:
    """The name of a list's item, and what else it is: of a field or a tensor, of an output, of a pipeline's step."""
    if is_step(value):
        name, inner, *columns = value
        return str(name), {"step": inner, "columns": columns[0]} if columns else inner
    if not isinstance(value, dict):
        return None
    tensor = value.get("tensor")
    if isinstance(tensor, dict):
        value = {**tensor, **{member: inner for member, inner in value.items() if member != "tensor"}}
    for key in ("name", "output"):
        if isinstance(name := value.get(key), str):
            return name, {member: inner for member, inner in value.items() if member != key}
    return None


def _stated(*path: str) -> Callable[[Bundle], Facts]:
    """The facts that the manifest states at ``path``."""

    def facts(bundle: Bundle) -> Facts:
        document: Any = bundle.manifest.model_dump(mode="json", exclude_none=True)
        for part in path:
            document = document.get(part, {})
        return cast(Facts, document)

    return facts


def _about(bundle: Bundle) -> Facts:
    manifest: Manifest = bundle.manifest
    provenance = manifest.provenance
    facts: dict[str, JsonValue] = {
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "author": provenance.author,
        "estimator": provenance.experiment.estimator,
        **{f"tag {name}": value for name, value in provenance.tags.items()},
    }
    return {name: value for name, value in facts.items() if value is not None}


def _data(bundle: Bundle) -> Facts:
    return {**_stated("provenance", "data")(bundle), **_stated("provenance", "datasets")(bundle)}


def _run(bundle: Bundle) -> Facts:
    experiment = ("provenance", "experiment")
    training = _stated(*experiment, "training")(bundle)
    return {**_stated(*experiment, "run")(bundle), **{f"training {name}": fact for name, fact in training.items()}}


def _profile(bundle: Bundle) -> Facts:
    return cast(Facts, bundle.profile().model_dump(mode="json", exclude_none=True))


def _graph(bundle: Bundle) -> Facts:
    graph = bundle.manifest.graph
    parts: Parts = graph_parts(bundle.read(graph.path), f"{bundle.path}: {graph.path}")
    return {
        **graph.model_dump(mode="json", exclude_none=True, exclude={"opsets"}),
        **{f"opset {domain}": version for domain, version in parts.opsets.items()},
        **{f"operator {name}": count for name, count in parts.operators.items()},
        **{f"node {name}": count for name, count in parts.nodes.items()},
        **{f"weights {name}": str(weights) for name, weights in parts.weights.items()},
        **{f"note {name}": text for name, text in parts.notes.items()},
        **{entry.path: entry.sha256 for entry in bundle.manifest.files if entry.path.startswith("model/")},
    }


def _files(bundle: Bundle) -> Facts:
    return {entry.path: entry.sha256 for entry in bundle.manifest.files}


SECTIONS: Mapping[str, Callable[[Bundle], Facts]] = {
    "bundle": _about,
    "signature": _stated("signature"),
    "data": _data,
    "profile": _profile,
    "parameters": _stated("provenance", "experiment", "parameters"),
    "metrics": _stated("provenance", "experiment", "metrics"),
    "run": _run,
    "code": _stated("provenance", "code"),
    "environment": _stated("provenance", "environment"),
    "parity": _stated("parity"),
    "graph": _graph,
}
"""What is compared by name, in the order in which it is shown."""


def _answers(first: Bundle, second: Bundle) -> list[Change]:
    """What the golden rows that both bundles have are answered, and how many rows only one has."""
    before, after = (_rows(bundle.golden(), bundle.manifest.signature) for bundle in (first, second))
    both = [row for row in before if row in after]
    made = []
    if only := len(before) - len(both):
        made.append(Change("rows that only the first has", "removed", before=only))
    if only := len(after) - len(both):
        made.append(Change("rows that only the second has", "added", after=only))
    answered = {row: changed for row in both if (changed := changes(before[row], after[row]))}
    if answered:
        made.append(Change("rows answered otherwise", "added", after=f"{len(answered)} of {len(both)}"))
    for row, changed in answered.items():
        made += [replace(change, name=f"{row.decode()} {change.name}") for change in changed]
    return made


def _rows(golden: Golden, signature: Signature) -> dict[bytes, dict[str, JsonValue]]:
    """The answers by what is asked; where one thing is asked twice it is the same answer."""
    fields = [field.name for field in signature.fields]
    return {
        canonical_json({name: golden.fields[name][row] for name in fields if name in golden.fields}): {
            name: values[row] for name, values in golden.outputs.items()
        }
        for row in range(golden.rows)
    }
