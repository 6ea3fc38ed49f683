"""Arrays: tensors of frameworks, and files of NumPy's, as what tables are made of."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from lading.bundles.tables.problems import DataFileError
from lading.bundles.tables.table import read_table
from lading.converters.networks.inputs import MATRIX

ARRAYS = (".npy", ".npz")
"""The ends of the names of NumPy's files: one array, and arrays by name."""
LIBRARIES = ("jax", "tensorflow", "torch")


def plain_arrays(data: object) -> object:
    """The data with every tensor as a NumPy array; an array that is no matrix gets the name ``x``; else as it is."""
    if isinstance(data, Mapping):
        return {name: _plain(values) for name, values in data.items()}
    if isinstance(data, list) and data and all(isinstance(call, Mapping) for call in data):
        return [plain_arrays(call) for call in data]
    plain = _plain(data)
    if isinstance(plain, np.ndarray) and plain.ndim > 2:
        return {MATRIX: plain}
    return plain


def read_rows(path: Path) -> object:
    """The rows in a file: a table, an array, or arrays by name. Raises ``DataFileError`` and what ``read_table`` does."""
    if path.suffix not in ARRAYS:
        return read_table(path)
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        with np.load(path, allow_pickle=False) as found:
            return dict(found)
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DataFileError(str(path), f"it cannot be read as arrays: {error}") from error


def _plain(values: Any) -> Any:
    if _is_tensor(values):
        return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    return values


def _is_tensor(values: object) -> bool:
    kind = type(values)
    library = kind.__module__.split(".")[0]
    known = library in LIBRARIES or library == "jaxlib"
    return (
        known and hasattr(values, "shape") and hasattr(values, "dtype") and library.removesuffix("lib") in sys.modules
    )
