"""Arrays: files of NumPy's are rows, and what is no matrix gets a name."""

from pathlib import Path

import numpy as np
import pytest

from lading.bundles.tables.problems import DataFileError
from lading.converters.arrays import plain_arrays, read_rows

CUBE = np.arange(24.0).reshape(2, 3, 4)


def test_an_array_that_is_no_matrix_gets_a_name() -> None:
    found = plain_arrays(CUBE)
    assert isinstance(found, dict)
    assert found["x"] is CUBE


@pytest.mark.parametrize("data", [np.zeros((2, 2)), {"a": np.zeros(2)}, [{"a": np.zeros(2)}], [], None, "rows.csv"])
def test_everything_else_stays_as_it_is(data: object) -> None:
    np.testing.assert_equal(plain_arrays(data), data)


def test_files_of_numpy_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", CUBE)
    np.savez(tmp_path / "several.npz", a=CUBE, b=CUBE[:, 0])
    np.testing.assert_equal(read_rows(tmp_path / "one.npy"), CUBE)
    np.testing.assert_equal(read_rows(tmp_path / "several.npz"), {"a": CUBE, "b": CUBE[:, 0]})


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_what_is_no_file_of_numpy_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(b"nonsense")
    with pytest.raises(DataFileError, match="cannot be read as arrays"):
        read_rows(path)
    if suffix == ".npy":
        np.save(path, np.array([object()]), allow_pickle=True)
    else:
        np.savez(path, a=np.array([object()]))
    with pytest.raises(DataFileError, match="cannot be read as arrays"):  # it would run code
        read_rows(path)
