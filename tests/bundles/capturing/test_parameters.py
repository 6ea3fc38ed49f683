"""Parameters: any estimator's, as JSON, the same on every run."""

import datetime
import decimal
import enum
import functools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from lading.bundles.canonical import canonical_json
from lading.bundles.capturing.parameters import json_safe, qualified_name
from lading.bundles.digest import digest_of


class Colour(enum.Enum):
    RED = "red"


class Plain:
    """Something that JSON cannot hold."""


class Broken:
    def get_params(self, deep: bool = True) -> dict[str, object]:
        raise AttributeError("no such thing")


class Connected:
    def __init__(self, **parameters: object) -> None:
        self.parameters = parameters

    def get_params(self, deep: bool = True) -> dict[str, object]:
        return self.parameters


def _loop() -> list[object]:
    values: list[object] = [1]
    values.append(values)
    return values


def _deep() -> list[object]:
    values: list[object] = []
    for _ in range(40):
        values = [values]
    return values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (np.True_, True),
        (3, 3),
        (2**53, str(2**53)),
        (-(2**64), str(-(2**64))),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.int8(-3), -3),
        (float("nan"), "NaN"),
        (np.float64("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (1 + 2j, "(1+2j)"),
        (np.complex64(1 + 2j), "(1+2j)"),
        (np.datetime64("2020-01-02"), "2020-01-02"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (decimal.Decimal("1.10"), "1.10"),
        (Colour.RED, "red"),
        ("\ud800", "?"),
        ("https://me:pw@example.org/", "https://example.org/"),
        (b"ab", {"length": 2, "digest": digest_of(b"ab")}),
        (Path("data/x.csv"), "data/x.csv"),
        (Path("/home/me/x.csv"), "x.csv"),
        (re.compile("a+"), "a+"),
        (slice(1, None, 2), {"slice": [1, None, 2]}),
        (range(3), [0, 1, 2]),
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        ({1: "a", "b": None}, {"1": "a", "b": None}),
        ({"password": "x", "api_key": None, "token": 3}, {"password": "***", "api_key": None, "token": "***"}),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.array(["a", None], dtype=object), ["a", None]),
        (np.dtype("float32"), "float32"),
        (np.float32, "numpy.float32"),
        (float, "float"),
        (np.log1p, "numpy.log1p"),
        (len, "len"),
        (json_safe, "lading.bundles.capturing.parameters.json_safe"),
        (pd.NA, None),
        (pd.Int64Dtype(), "Int64"),
        (pd.CategoricalDtype(["a"]), "category"),
        (Plain(), f"{__name__}.Plain"),
        (Plain, f"{__name__}.Plain"),
        (Broken(), f"{__name__}.Broken"),
        (_loop(), [1, "list"]),
        (functools.partial(int, base=2), {"partial": "int", "arguments": [], "keywords": {"base": 2}}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_json_safe(value: object, expected: object) -> None:
    written = json_safe(value)
    assert written == expected
    assert type(written) is type(expected)
    canonical_json(written)


def test_tables_and_sparse_matrices_are_named_with_what_fits() -> None:
    assert json_safe(pd.Series([1, 2])) == {"type": qualified_name(pd.Series), "values": [1, 2]}
    assert json_safe(pd.DataFrame({"a": [1.5]})) == {"type": qualified_name(pd.DataFrame), "values": [[1.5]]}
    matrix = OneHotEncoder().fit_transform([["a"], ["b"]])
    assert json_safe(matrix) == {"type": qualified_name(type(matrix)), "shape": [2, 2]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(np.arange(500), np.append(np.arange(499), 7), id="array"),
        pytest.param(list(range(500)), [*range(499), 7], id="list"),
        pytest.param(np.array(["a"] * 500, dtype=object), np.array(["a"] * 499 + ["b"], dtype=object), id="objects"),
        pytest.param("a" * 3000, "a" * 2999 + "b", id="text"),
        pytest.param(set(range(500)), set(range(499)) | {777}, id="set"),
    ],
)
def test_what_is_long_is_shortened_and_still_told_apart(one: object, other: object) -> None:
    assert len(canonical_json(json_safe(one))) < 2600
    assert json_safe(one) != json_safe(other)


def test_byte_order_and_memory_layout_do_not_matter() -> None:
    values = np.arange(600, dtype="<i4").reshape(20, 30)
    fortran = np.asfortranarray(values)
    swapped = values.astype(">i4")
    digest = json_safe(values)["digest"]  # type: ignore[index, call-overload]
    assert json_safe(fortran)["digest"] == digest  # type: ignore[index, call-overload]
    assert json_safe(swapped)["digest"] == digest  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    "make", [np.random.RandomState, np.random.default_rng, np.random.MT19937], ids=["state", "generator", "bits"]
)
def test_a_random_state_is_the_digest_of_its_state(make: Any) -> None:
    assert json_safe(make(1)) == json_safe(make(1))
    assert json_safe(make(1)) != json_safe(make(2))


def test_an_integer_that_python_will_not_write_in_decimal_is_written_in_hexadecimal() -> None:
    assert json_safe(1 << 40_000) == hex(1 << 40_000)


def test_nesting_ends() -> None:
    canonical_json(json_safe(_deep()))
    assert "list" in str(json_safe(_deep()))


def test_a_pipeline_is_written_with_its_steps() -> None:
    pipeline = make_pipeline(
        make_column_transformer(
            (StandardScaler(), make_column_selector(dtype_include=float)), (OneHotEncoder(dtype=np.float32), ["island"])
        ),
        FunctionTransformer(np.log1p),
        GridSearchCV(GradientBoostingClassifier(random_state=7), {"max_depth": [2, 3]}),
    )
    written: Any = json_safe(pipeline)
    assert written["estimator"] == "sklearn.pipeline.Pipeline"
    transformer, function, search = (step for _, step in written["parameters"]["steps"])
    assert transformer["parameters"]["transformers"][0][2].endswith("make_column_selector")
    assert transformer["parameters"]["transformers"][1][1]["parameters"]["dtype"] == "numpy.float32"
    assert function["parameters"]["func"] == "numpy.log1p"
    assert search["parameters"]["estimator"]["parameters"]["random_state"] == 7
    assert "0x" not in canonical_json(written).decode()


def test_parameters_named_like_secrets_are_masked_and_others_are_not() -> None:
    written: Any = json_safe(Connected(url="s3://key:pw@bucket/x", aws_secret_access_key="s", token=None))
    assert written["parameters"] == {"url": "s3://bucket/x", "aws_secret_access_key": "***", "token": None}
    text: Any = json_safe(TfidfVectorizer())
    assert text["parameters"]["token_pattern"] == r"(?u)\b\w\w+\b"


def test_another_process_writes_the_same() -> None:
    code = (
        "import numpy as np, sys\n"
        "from lading.bundles.canonical import canonical_json\n"
        "from lading.bundles.capturing.parameters import json_safe\n"
        "value = {'set': {'b', 'a', 'c'}, 'f': lambda x: x, 'r': np.random.RandomState(3), 'o': object(), 'n': len}\n"
        "sys.stdout.buffer.write(canonical_json(json_safe(value)))\n"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
nested = st.recursive(
    plain,
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@given(nested)
def test_everything_has_a_canonical_form(value: object) -> None:
    assert canonical_json(json_safe(value)) == canonical_json(json_safe(value))
