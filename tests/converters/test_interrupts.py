"""Ctrl-C while a model is packaged: a word, the usual exit code, and nothing left behind."""

from pathlib import Path

import lightgbm
import numpy as np
import pytest

from tests.converters.interrupts import interrupted

ROWS = np.random.default_rng(0).normal(size=(2000, 12))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes a moment to convert and to prove, and its rows."""
    folder = tmp_path_factory.mktemp("files")
    model = lightgbm.LGBMRegressor(n_estimators=300, num_leaves=63, n_jobs=1, verbose=-1).fit(ROWS, ROWS[:, 0] ** 2)
    model.booster_.save_model(folder / "model.txt")
    np.save(folder / "rows.npy", ROWS)
    return folder


@pytest.mark.parametrize("moment", ["loading the model", "converting", "proving that it answers the same"])
@pytest.mark.parametrize("output", ["model.lading", "model"])
def test_an_interrupted_command_leaves_nothing(moment: str, output: str, files: Path, tmp_path: Path) -> None:
    temporary, written = tmp_path / "temporary", tmp_path / "written"
    temporary.mkdir()
    written.mkdir()
    asked = ["package", str(files / "model.txt"), "--data", str(files / "rows.npy"), "--name", "model"]
    code, told = interrupted([*asked, "--output", str(written / output)], moment, temporary)
    assert (code, told.splitlines()[-1]) == (130, "interrupted; nothing was written"), told
    assert "Traceback" not in told
    assert [*temporary.iterdir(), *written.iterdir()] == []
