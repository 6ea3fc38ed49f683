"""The page on networks: what becomes of every architecture that is tried."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tests.converters.verdicts import Case, Verdict, band, verdict

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage-networks.md"

FRAMEWORKS: Mapping[str, tuple[str, str]] = {
    "torch": ("PyTorch", "By `torch.export` and the exporter over it"),
    "keras": ("Keras", "On PyTorch's backend, by `torch.export`"),
    "jax": ("JAX", "By jax2onnx"),
    "transformers": ("Transformers", "By `torch.export`"),
}
"""The frameworks by the names of their converters: their titles, and how their networks become graphs."""

HEAD = """# Coverage of networks

Written by `.frameworks/bin/python scripts/coverage networks`, held to what it finds by `scripts/test-frameworks`. Do not edit. [Coverage](coverage.md) has scikit-learn and boosted trees.

Every architecture that is listed here is made with random weights and packaged as [conversion](conversion.md#networks) tells. **{proved} of {all} are proved equal; {refused} are refused**, none is converted unproved.

The precision is that of the graph's inputs. The error is the largest difference in a number, relative where the number is large; that of float32 differs between processors, and is told of no more closely than 1e-5. Where a refusal has what the framework itself says, in brackets, the page leaves it out.
"""

PART = """
## {title}

{strategy}; {versions}.

| model | architecture | precision | error below |
|---|---|---|---|
{proved}

| refused | what is in the way | why, and what to do |
|---|---|---|
{refused}
"""

BANDS = (1e-9, 1e-5, 1e-4)
SAID = re.compile(r" \(.*\)(?=; )")
"""What a framework says in a refusal."""
DRAWN = re.compile(r"^the graph answers row .*\]: ")
"""Numbers of a graph that draws them at random."""


@cache
def cases(framework: str) -> tuple[Case, ...]:
    """Every case of one framework."""
    return tuple(import_module(f"tests.frameworks.{framework}_models").cases())


became = cache(verdict)
"""What becomes of a case, which is packaged once however many ask."""


def case(framework: str, what: str) -> Case:
    """The one case of a framework that is about this."""
    (found,) = [one for one in cases(framework) if one.what == what]
    return found


def document() -> str:
    """The page that tells of all verdicts."""
    found = {name: [became(case) for case in cases(name)] for name in FRAMEWORKS}
    everything = [one for some in found.values() for one in some]
    proved = sum(one.precision is not None for one in everything)
    head = HEAD.format(proved=proved, all=len(everything), refused=len(everything) - proved)
    return head + "".join(part(name, some) for name, some in found.items())


def part(framework: str, found: Sequence[Verdict]) -> str:
    """What the page tells of one framework."""
    title, strategy = FRAMEWORKS[framework]
    tested: Mapping[str, str] = import_module(f"lading.converters.{framework}.conversion").TESTED
    versions = {name: ".".join(version(name).split(".")[: told.count(".")]) for name, told in tested.items()}
    return PART.format(
        title=title,
        strategy=strategy,
        versions=", ".join(f"{name} {number}" for name, number in versions.items()),
        proved="\n".join(_proved(one) for one in found if one.precision is not None),
        refused="\n".join(_refused(one) for one in found if one.precision is None),
    )


def _proved(one: Verdict) -> str:
    least = float(np.finfo(str(one.precision)).eps)
    return f"| {one.case.api} | {one.case.what} | {one.precision} | {band(max(one.error, least), BANDS)} |"


def _refused(one: Verdict) -> str:
    return f"| {one.case.api} | {one.case.what} | {SAID.sub('', DRAWN.sub('', one.reason))} |"
