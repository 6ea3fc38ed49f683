"""Trains the model that the workflow releases: put yours here, and leave the same two files."""

import skops.io
from palmerpenguins import load_penguins
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def main() -> None:
    """Write ``model.skops`` and ``train.parquet``, the rows that it was trained on."""
    rows = load_penguins()[["species", *NUMBERS]]
    model = make_pipeline(ColumnTransformer([("numbers", "passthrough", NUMBERS)]), HistGradientBoostingClassifier())
    model.fit(rows.drop(columns="species"), rows["species"])
    skops.io.dump(model, "model.skops")
    rows.to_parquet("train.parquet", index=False)


if __name__ == "__main__":
    main()
