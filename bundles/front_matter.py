"""The front matter: what programs read of a model card, as Hugging Face lays it down, in YAML."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lading.bundles.measures import Measure, measures, task

if TYPE_CHECKING:
    from lading.bundles.draft import Draft
    from lading.bundles.manifest import Manifest

Yaml = Mapping[str, "Yaml"] | Sequence["Yaml"] | str | int | float
"""What is written: no nulls, since what is unknown is absent."""

NOT_RECORDED = "not recorded"
"""The data of a metric of which nobody has said what it was measured on; Hugging Face demands a name."""

_ESCAPES = {'"': '\\"', "\\": "\\\\"}


def front_matter(draft: "Draft | Manifest") -> list[str]:
    """The lines of the front matter, its marks included. Every text is quoted, on one line, and nothing but text."""
    return ["---", *_lines(_metadata(draft), ""), "---"]


def _metadata(draft: "Draft | Manifest") -> dict[str, Yaml]:
    found, name = task(draft.signature), draft.name
    tags = ["onnx", "lading", draft.graph.framework]
    metadata: dict[str, Yaml] = {"library_name": "onnx", "model_name": name, "tags": list(dict.fromkeys(tags))}
    if found is None:
        return metadata
    metadata["pipeline_tag"] = found
    if results := [_result(measure, found) for measure in measures(draft.provenance)]:
        metadata["model-index"] = [{"name": name, "results": results}]
    return metadata


def _result(measure: Measure, task: str) -> dict[str, Yaml]:
    data = measure.data
    dataset: Yaml = {"type": NOT_RECORDED, "name": NOT_RECORDED}
    if data is not None and measure.role is not None:
        dataset = {"type": data.digest, "name": measure.role if data.name is None else data.name, "split": measure.role}
    metric: dict[str, Yaml] = {"type": measure.name, "name": measure.name, "value": measure.value}
    return {"task": {"type": task}, "dataset": dataset, "metrics": [metric]}


def _lines(value: Yaml, indent: str) -> Iterator[str]:
    """A mapping, whose names are ours, or a list as lines, each of which begins with ``indent``."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _entry(f"{indent}{name}:", member, indent + "  ")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            if isinstance(item, Mapping):
                first, *rest = _lines(item, indent + "  ")
                yield from (f"{indent}- {first.removeprefix(indent + '  ')}", *rest)
            else:
                yield f"{indent}- {_scalar(item)}"


def _entry(head: str, value: Yaml, indent: str) -> Iterator[str]:
    if isinstance(value, str | int | float):
        yield f"{head} {_scalar(value)}"
    else:
        yield head
        yield from _lines(value, indent)


def _scalar(value: Yaml) -> str:
    r"""A text in double quotes, whatever it looks like; a number such that YAML 1.1 takes it for one.

    >>> print(_scalar("no"), _scalar("a: \n- b"), _scalar(1e-7))
    "no" "a: \n- b" 1.0e-07
    """
    if isinstance(value, str):
        return '"' + "".join(_character(character) for character in value) + '"'
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _character(character: str) -> str:
    if character == "\n":
        return "\\n"
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else f"\\U{ord(character):08x}"
