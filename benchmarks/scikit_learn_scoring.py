"""What a user of scikit-learn writes to score a file of Parquet: batch by batch, the answers as Parquet.

Run by ``benchmarks.scoring`` in a process of its own, as ``lading predict`` is: model, rows, answers.
"""

import sys
from pathlib import Path

import joblib
import pyarrow as pa
import pyarrow.parquet

BATCH_ROWS = 1 << 17


def main(model_path: Path, rows: Path, answers: Path) -> None:
    """Write label and probabilities of each row, by one call of ``predict_proba`` for each batch."""
    model, writer = joblib.load(model_path), None
    for batch in pa.parquet.ParquetFile(rows).iter_batches(BATCH_ROWS):
        shares = model.predict_proba(batch.to_pandas())
        names = [f"probability_{name}" for name in model.classes_]
        columns = [model.classes_[shares.argmax(axis=1)], *shares.T]
        table = pa.table(dict(zip(["label", *names], columns, strict=True)))
        writer = writer or pa.parquet.ParquetWriter(answers, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
