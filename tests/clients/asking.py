"""What clients ask: rows as the tensors that a model's metadata names, and how answers are compared."""

from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pandas as pd

from tests.clients.models import Arrays

A5 = 1e-6
"""How far an answer may be from ONNX Runtime's own."""

DTYPES = {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64, "BOOL": bool, "BYTES": object}


def metadata(address: str, model: str) -> dict[str, Any]:
    """What the server tells of a model."""
    found: dict[str, Any] = httpx.get(f"http://{address}/v2/models/{model}").json()
    return found


def arrays(told: Mapping[str, Any], rows: pd.DataFrame) -> Arrays:
    """``rows`` as an array for each input: the field of that name, or the matrix of all of them."""
    found = {}
    for tensor in told["inputs"]:
        values = rows[[tensor["name"]]] if tensor["name"] in rows else rows
        found[tensor["name"]] = values.to_numpy().astype(DTYPES[tensor["datatype"]])
    return found


def tensors(told: Mapping[str, Any], rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The same as tensors in JSON, their data flat."""
    words = {tensor["name"]: tensor["datatype"] for tensor in told["inputs"]}
    return [
        {"name": name, "datatype": words[name], "shape": list(values.shape), "data": values.reshape(-1).tolist()}
        for name, values in arrays(told, rows).items()
    ]


def close(found: Any, expected: np.ndarray[Any, Any]) -> None:
    """That an answer is what ONNX Runtime gives: texts alike, numbers within ``A5``."""
    values = np.array(found)
    assert values.size == expected.size
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(values.reshape(expected.shape), expected, rtol=0, atol=A5)
    else:
        assert values.reshape(-1).tolist() == expected.reshape(-1).tolist()
