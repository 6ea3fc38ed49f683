"""Data frames: what pandas, polars and pyarrow write is answered, and what comes back they read."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pytest

from tests.clients.models import Served

pytestmark = pytest.mark.clients

STREAM, FILE = "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file"
PARQUET, CSV = "application/vnd.apache.parquet", "text/csv"


def written(write: Callable[[io.BytesIO], Any]) -> bytes:
    sink = io.BytesIO()
    write(sink)
    return sink.getvalue()


def arrow_stream(rows: pd.DataFrame) -> bytes:
    table, sink = pa.Table.from_pandas(rows), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


WRITERS: Mapping[str, tuple[str, Callable[[pd.DataFrame], bytes]]] = {
    "pandas to_feather": (FILE, lambda rows: written(rows.to_feather)),
    "pandas to_parquet": (PARQUET, lambda rows: written(rows.to_parquet)),
    "pandas to_csv": (CSV, lambda rows: rows.to_csv(index=False).encode()),
    "pyarrow stream": (STREAM, arrow_stream),
    "polars write_ipc": (FILE, lambda rows: written(pl.from_pandas(rows).write_ipc)),
    "polars write_parquet": (PARQUET, lambda rows: written(pl.from_pandas(rows).write_parquet)),
    "polars write_csv": (CSV, lambda rows: pl.from_pandas(rows).write_csv().encode()),
}
READERS: Mapping[str, tuple[str, Callable[[bytes], pd.DataFrame]]] = {
    "pandas read_feather": (FILE, lambda body: pd.read_feather(io.BytesIO(body))),
    "pandas read_parquet": (PARQUET, lambda body: pd.read_parquet(io.BytesIO(body))),
    "pandas read_csv": (CSV, lambda body: pd.read_csv(io.BytesIO(body))),
    "pyarrow stream": (STREAM, lambda body: pa.ipc.open_stream(body).read_pandas()),
    "polars read_ipc": (FILE, lambda body: pl.read_ipc(body).to_pandas()),
    "polars read_parquet": (PARQUET, lambda body: pl.read_parquet(body).to_pandas()),
    "polars read_csv": (CSV, lambda body: pl.read_csv(body).to_pandas()),
}


@pytest.mark.parametrize("model", ["income", "progress"])
@pytest.mark.parametrize(("writer", "reader"), list(zip(WRITERS, READERS, strict=True)))
def test_a_data_frame_comes_back_as_one(
    address: str, served: Mapping[str, Served], model: str, writer: str, reader: str
) -> None:
    (sent, write), (wanted, read) = WRITERS[writer], READERS[reader]
    rows = served[model].rows
    url, headers = f"http://{address}/models/{model}/predict", {"content-type": sent, "accept": wanted}
    reply = httpx.post(url, content=write(rows), headers=headers)
    assert reply.status_code == 200, reply.text
    answers, expected = read(reply.content), served[model].original.predict(rows)
    assert len(answers) == len(rows)
    if model == "income":
        assert answers["label"].tolist() == expected.tolist()
        outputs = served[model].outputs()["probabilities"]
        np.testing.assert_allclose(answers[["probability_high", "probability_low"]], outputs, atol=1e-6)
    else:
        np.testing.assert_allclose(answers["value"], expected, rtol=1e-5)
