"""``lading predict`` with a packaged scikit-learn model: the file says what scikit-learn says."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from palmerpenguins import load_penguins
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lading.converters import package
from lading.core.main import main

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
TEXTS = ["island", "sex"]


@pytest.fixture(scope="module")
def penguins() -> pd.DataFrame:
    return load_penguins()[["species", *TEXTS, *NUMBERS]]


@pytest.fixture(scope="module")
def pipeline(penguins: pd.DataFrame) -> Any:
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("texts", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), TEXTS),
        ]
    )
    model = Pipeline([("columns", columns), ("trees", GradientBoostingClassifier(n_estimators=20, random_state=1))])
    return model.fit(penguins[[*TEXTS, *NUMBERS]], penguins["species"])


@pytest.fixture(scope="module")
def bundle(penguins: pd.DataFrame, pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "penguins.lading"
    package(pipeline, penguins, name="penguins", target="species", path=path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_says_what_scikit_learn_says(
    penguins: pd.DataFrame, pipeline: Any, bundle: Path, tmp_path: Path, suffix: str
) -> None:
    rows, answers = tmp_path / f"rows.{suffix}", tmp_path / f"answers.{suffix}"
    if suffix == "csv":
        penguins.to_csv(rows, index=False, na_rep="NA")
    else:
        penguins.to_parquet(rows, index=False)
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(bundle), "--input", str(rows), "--output", str(answers), "--keep", "species"])
    assert ended.value.code == 0
    found = pd.read_csv(answers) if suffix == "csv" else pd.read_parquet(answers)
    expected = pipeline.predict_proba(penguins[[*TEXTS, *NUMBERS]])
    assert found["species"].tolist() == penguins["species"].tolist()
    assert found["label"].tolist() == pipeline.predict(penguins[[*TEXTS, *NUMBERS]]).tolist()
    shares = found[[f"probability_{name}" for name in pipeline.classes_]].to_numpy()
    assert np.allclose(shares, expected, rtol=1e-4, atol=1e-5)
