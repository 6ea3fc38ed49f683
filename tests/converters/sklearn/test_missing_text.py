"""Missing text: what is missing is told apart from every text that somebody may send."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

IGNORING = OneHotEncoder(handle_unknown="ignore")
WORDS = ["nan", "None", "NaN", "<NA>", "", "missing", "nan ", "x"]


@pytest.mark.parametrize("gap", [None, np.nan], ids=["None", "NaN"])
@pytest.mark.parametrize(
    "make",
    [
        lambda gap: make_pipeline(IGNORING, Ridge()),
        lambda gap: make_pipeline(TargetEncoder(target_type="continuous", cv=2), Ridge()),
        lambda gap: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
        lambda gap: make_pipeline(SimpleImputer(missing_values=gap, strategy="most_frequent"), IGNORING, Ridge()),
    ],
    ids=["one-hot", "target", "ordinal", "imputed"],
)
def test_words_for_what_is_missing_are_words(make: Any, gap: object, same: Any) -> None:
    frame = pd.DataFrame({"kind": pd.Series(["x", "y", gap, "x"] * 10, dtype=object)})
    model = make(gap).fit(frame, np.arange(40) % 3)
    same(model, frame, pd.DataFrame({"kind": pd.Series([*WORDS, gap], dtype=object)}))


def test_a_word_that_the_model_knows_is_another_than_what_is_missing(same: Any) -> None:
    frame = pd.DataFrame({"kind": pd.Series(["nan", "y", None, "None"] * 10, dtype=object)})
    same(make_pipeline(IGNORING, Ridge()).fit(frame, np.arange(40) % 4), frame, frame.head(4))
