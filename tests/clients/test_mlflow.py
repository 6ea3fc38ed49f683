"""MLflow: its client asks us as it asks its own server, and its own server answers as we do."""

import base64
import io
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import httpx
import joblib
import numpy as np
import pandas as pd
import pytest

from tests.clients.conftest import drive
from tests.clients.models import Served

pytestmark = pytest.mark.clients

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
MODELS = ["iris-frame", "income", "progress", "pair"]

FORMS = {
    "split", "split in another order", "records", "records in another order", "instances as objects", "inputs as columns",
    "inputs as objects", "one row", "CSV", "CSV in another order", "Parquet", "Parquet with an index",
}  # fmt: skip
"""The forms that say which field is which."""

LISTS = {(400, 200, "instances as lists"), (400, 200, "inputs as lists")}
"""Rows as lists of values: we take the order of the fields where MLflow asks for names."""

EXTRA = (200, 400, "an extra column")
"""MLflow passes over it; here a misspelt column that may be missing would be answered as if it were."""

OTHERWISE: Mapping[str, set[tuple[int, int, str]]] = {
    "iris-frame": {*LISTS, EXTRA},
    "income": {*LISTS, EXTRA},
    "progress": {*LISTS, EXTRA, (400, 200, "a missing column")},  # where all columns may have missing values
    "pair": {*LISTS, EXTRA},
}
"""Where we answer another status than MLflow: theirs, ours, and to what."""

Body = tuple[str, bytes]


def parquet(rows: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    rows.to_parquet(sink)
    return sink.getvalue()


def bodies(rows: pd.DataFrame) -> dict[str, Body]:
    """The rows in every form that MLflow takes."""
    names, turned = list(rows.columns), rows[list(rows.columns)[::-1]]
    records = json.loads(rows.to_json(orient="records", double_precision=15))
    data = [list(row.values()) for row in records]
    forms = {
        "split": {"dataframe_split": {"columns": names, "index": list(range(len(data))), "data": data}},
        "split in another order": {"dataframe_split": {"columns": names[::-1], "data": [row[::-1] for row in data]}},
        "records": {"dataframe_records": records},
        "records in another order": {"dataframe_records": [dict(reversed(row.items())) for row in records]},
        "instances as objects": {"instances": records},
        "instances as lists": {"instances": data},
        "inputs as columns": {"inputs": {name: [row[name] for row in records] for name in names}},
        "inputs as lists": {"inputs": data},
        "inputs as objects": {"inputs": records},
        "one row": {"dataframe_records": records[:1]},
        "a missing column": {"dataframe_records": [{name: row[name] for name in names[1:]} for row in records]},
        "an extra column": {"dataframe_records": [row | {"extra": 1} for row in records]},
        "a list": data,
        "two forms": {"inputs": data, "instances": data},
        "nothing": {},
    }
    made = {name: (JSON, json.dumps(form).encode()) for name, form in forms.items()}
    return made | {
        "CSV": (CSV, rows.to_csv(index=False).encode()),
        "CSV in another order": ("text/csv; charset=utf-8", turned.to_csv(index=False).encode()),
        "Parquet": (PARQUET, parquet(rows)),
        "Parquet with an index": (PARQUET, parquet(rows.set_index(pd.Index(range(7, 7 + len(rows)))))),
        "text": ("text/plain", b"x"),
        "another encoding": ("text/csv; charset=latin-1", b"x"),
        "another parameter": ("application/json; format=pandas-split", b"{}"),
        "no JSON": (JSON, b"{"),
    }


@pytest.fixture(scope="module")
def original(served: Mapping[str, Served], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Any]]]:
    """What MLflow's own server answers, with the models that were packaged."""
    folder = tmp_path_factory.mktemp("originals")
    for name in ("iris", *MODELS):
        one = served[name]
        joblib.dump(one.original, folder / f"{name}.joblib")
        one.rows.to_parquet(folder / f"{name}.parquet")
        encoded = [(kind, base64.b64encode(body).decode()) for kind, body in bodies(asked(one)).values()]
        (folder / f"{name}.json").write_text(json.dumps(encoded))
    found: dict[str, list[list[Any]]] = drive("mlflow", "mlflow_server", str(folder))
    return found


def asked(one: Served) -> pd.DataFrame:
    return one.rows.iloc[:20]


def same(found: list[Any], expected: list[Any]) -> None:
    """The same predictions: labels alike, numbers as near as float32 is."""
    values = np.array(expected)
    assert np.array(found).shape == values.shape
    if values.dtype.kind == "f":
        np.testing.assert_allclose(np.array(found), values, rtol=1e-5)
    else:
        assert found == expected


@pytest.mark.parametrize("model", MODELS)
def test_the_same_bodies_get_the_same_predictions(
    address: str, served: Mapping[str, Served], original: dict[str, list[list[Any]]], model: str
) -> None:
    answered = set()
    sent = bodies(asked(served[model])).items()
    for (form, (kind, body)), (status, told, text) in zip(sent, original[model], strict=False):
        url = f"http://{address}/models/{model}/invocations"
        reply = httpx.post(url, content=body, headers={"content-type": kind})
        if reply.status_code != status:
            assert (status, reply.status_code, form) in OTHERWISE[model], (form, reply.text, text)
        elif status == 200:
            same(reply.json()["predictions"], json.loads(text)["predictions"])
            answered.add(form)
        else:
            assert reply.headers["content-type"] == told, form
            if told == JSON:
                assert {"error_code", "message"} <= reply.json().keys()
    assert answered == FORMS


def test_a_matrix_gets_the_predictions_of_a_matrix(
    address: str, served: Mapping[str, Served], original: dict[str, list[list[Any]]]
) -> None:
    sent = bodies(asked(served["iris"]))
    theirs = dict(zip(sent, original["iris"], strict=False))
    for form in ("inputs as lists", "instances as lists", "split"):
        kind, body = sent[form]
        reply = httpx.post(f"http://{address}/models/iris/invocations", content=body, headers={"content-type": kind})
        assert theirs[form][0] == 200, (form, theirs[form])
        assert reply.json()["predictions"] == json.loads(theirs[form][2])["predictions"]


def test_health_is_as_mlflow_says_it(address: str, original: dict[str, list[list[Any]]]) -> None:
    for path, expected in zip(("/ping", "/health"), original["income"][-2:], strict=True):
        reply = httpx.get(f"http://{address}{path}")
        assert [reply.status_code, reply.headers["content-type"], reply.text] == expected


def test_mlflows_client(address: str, served: Mapping[str, Served]) -> None:
    rows = asked(served["income"])
    expected = served["income"].original.predict(rows).tolist()
    found = drive(
        "mlflow", "mlflow_client", address, given={"columns": list(rows.columns), "data": rows.to_numpy().tolist()}
    )
    assert found["version"] == version("lading")
    assert found["frame"] == found["list"] == found["array"] == expected
    assert "error code 400" in found["params"]
    assert "takes none" in found["params"]
    assert "NaN" in found["nan"]
    assert "send null" in found["nan"]
