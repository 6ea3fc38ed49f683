"""Visits: a model of a data frame with columns of every kind, and rows of it that may have shifted since training."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from onnx import helper

from lading.bundles.draft import Draft
from lading.bundles.signature import Feed, Output, Signature, Tensor
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.profiling import profile_of
from lading.bundles.tables.table import table_of
from tests.runtime.drafting import draft, graph, objects

NUMBERS, TEXTS = ("age", "kids", "member", "score"), ("city", "when", "note")
UNUSED = "visitor"


def frame(rows: int, seed: int = 0, shift: float = 0.0, start: str = "2024-01-01") -> pd.DataFrame:
    """Rows that differ from those of training by ``shift``, from 0 to 1, in all but ``member`` and ``when``."""
    rng = np.random.default_rng(seed)
    score = rng.random(rows)
    score[rng.random(rows) < 0.1 + 0.3 * shift] = np.nan
    days = pd.to_timedelta(rng.integers(0, 365, rows), unit="D")
    return pd.DataFrame(
        {
            "age": rng.normal(40 + 20 * shift, 10, rows),
            "kids": pd.array(rng.poisson(1.3 + shift, rows), dtype="Int64"),
            "member": rng.random(rows) < 0.3,
            "score": score,
            "city": pd.Categorical(rng.choice(["Oslo", "Rome"], rows, p=[0.7 - 0.5 * shift, 0.3 + 0.5 * shift])),
            "when": pd.Timestamp(start) + days,
            "note": [
                f"{row:05} {'x' * length}" for row, length in enumerate(rng.integers(1, 40, rows) + int(50 * shift))
            ],
            UNUSED: [f"{row} of {seed}" for row in range(rows)],
        }
    )


def rows_of(given: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON has them."""
    plain = given.astype(object).where(given.notna(), None)
    plain["when"] = [moment.isoformat() for moment in given["when"]]
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def columns_of(given: pd.DataFrame) -> dict[str, np.ndarray[Any, Any]]:
    """The columns as an encoder takes them."""
    rows = rows_of(given)
    return {str(name): objects(*(row[str(name)] for row in rows)) for name in given}


def visits(training: pd.DataFrame) -> Draft:
    """One matrix of numbers and one of texts, given back as they are; the profile is that of ``training``."""
    table = table_of(training)
    feeds = {name: Feed(input="n", column=place) for place, name in enumerate(NUMBERS)}
    feeds |= {name: Feed(input="t", column=place, missing="nan") for place, name in enumerate(TEXTS)}
    signature = Signature(
        form="frame",
        fields=tuple(field.model_copy(update={"feed": feeds.get(field.name)}) for field in fields_of(table)),
        inputs=(
            Tensor(name="n", dtype="float32", shape=("N", len(NUMBERS))),
            Tensor(name="t", dtype="string", shape=("N", len(TEXTS))),
        ),
        outputs=(
            Output(tensor=Tensor(name="numbers", dtype="float32", shape=("N", len(NUMBERS))), meaning="tensor"),
            Output(tensor=Tensor(name="texts", dtype="string", shape=("N", len(TEXTS))), meaning="tensor"),
        ),
    )
    nodes = [helper.make_node("Identity", ["n"], ["numbers"]), helper.make_node("Identity", ["t"], ["texts"])]
    made = draft("visits", signature, graph(nodes, signature), columns_of(training.head(3)))
    return replace(made, profile=profile_of(table))


def readings(training: np.ndarray[Any, Any], names: Sequence[str] | None = None) -> Draft:
    """A matrix of numbers, given back as it is; the profile is that of ``training`` ``[rows, columns]``."""
    table = table_of(training, names)
    signature = Signature(
        form="array",
        fields=tuple(
            field.model_copy(update={"feed": Feed(input="X", column=place)})
            for place, field in enumerate(fields_of(table))
        ),
        inputs=(Tensor(name="X", dtype="float64", shape=("N", training.shape[1])),),
        outputs=(Output(tensor=Tensor(name="Y", dtype="float64", shape=("N", training.shape[1])), meaning="tensor"),),
    )
    nodes = [helper.make_node("Identity", ["X"], ["Y"])]
    columns = {field.name: training[:3, place] for place, field in enumerate(signature.fields)}
    return replace(draft("readings", signature, graph(nodes, signature), columns), profile=profile_of(table))
