"""A model of dictionaries: whatever protocol asks it, a field that is left out is a key that is not there."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from lading.converters import package
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments

ROWS: list[dict[str, Any]] = [
    {"city": ("London", "Paris", "Rome")[number % 3], "temperature": number - 30.5, "rooms": number % 4, "new": number % 5 == 0}
    for number in range(60)
]  # fmt: skip
MODEL = make_pipeline(DictVectorizer(), LogisticRegression(max_iter=2000))
MODEL.fit(ROWS, ["warm" if row["temperature"] + row["rooms"] > 0 else "cold" for row in ROWS])
ASKED: list[dict[str, Any]] = [
    {"city": "London", "temperature": 12.0, "rooms": 1, "new": True},
    {"city": "London", "temperature": 12.0},
    {"temperature": -1.5, "new": False},
    {"city": "Atlantis", "rooms": 2},
    {},
]
PREDICT = "/models/weather/predict"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    path = tmp_path_factory.mktemp("weather") / "weather.lading"
    package(MODEL, ROWS, name="weather", path=path)
    return Application(Deployments.load([path]), Settings())


def post(app: Application, path: str, body: object, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        async with httpx.AsyncClient(transport=transport, base_url="http://lading") as client:
            return await client.post(path, content=content, headers=headers)

    return asyncio.run(ask())


def chances(rows: list[dict[str, Any]]) -> np.ndarray:
    """What the model itself says of dictionaries."""
    return np.asarray(MODEL.predict_proba(rows))


def said(answers: list[Mapping[str, Any]]) -> list[list[float]]:
    return [[answer["probabilities"][name] for name in MODEL.classes_] for answer in answers]


def test_rows_of_named_fields_are_the_dictionaries(app: Application) -> None:
    answers = post(app, PREDICT, ASKED).json()
    assert [answer["label"] for answer in answers] == MODEL.predict(ASKED).tolist()
    np.testing.assert_allclose(said(answers), chances(ASKED), atol=1e-5)
    alone = [post(app, PREDICT, row).json() for row in ASKED]
    assert alone == answers


def test_many_rows_are_too(app: Application) -> None:
    many = ASKED * 40
    np.testing.assert_allclose(said(post(app, PREDICT, many).json()), chances(many), atol=1e-5)


def test_null_is_no_key_for_text_and_refused_for_numbers(app: Application) -> None:
    null, absent = post(app, PREDICT, {"city": None, "rooms": 2}), post(app, PREDICT, {"rooms": 2})
    assert null.json() == absent.json()
    for field in ("temperature", "rooms", "new"):
        refused = post(app, PREDICT, [{"city": "Rome", field: None}])
        assert refused.status_code == 400
        assert refused.json()["field"] == field
        assert "or leave the field out" in refused.json()["error"]


def test_text_where_numbers_belong_is_refused(app: Application) -> None:
    for row in ({"temperature": "12"}, {"city": 3}, {"new": 1.5}, {"rooms": "two"}):
        assert post(app, PREDICT, row).json()["field"] in row


def test_tables_may_lack_columns(app: Application) -> None:
    body = b"city,rooms\nLondon,1\n,3\n"
    answers = post(app, PREDICT, body, **{"content-type": "text/csv", "accept": "application/json"}).json()
    np.testing.assert_allclose(said(answers), chances([{"city": "London", "rooms": 1}, {"rooms": 3}]), atol=1e-5)


def test_tensors_may_be_left_out(app: Application) -> None:
    for rows in (2, 100):
        temperatures = [number - rows / 2 for number in range(rows)]
        tensor = {"name": "temperature", "shape": [rows, 1], "datatype": "FP64", "data": temperatures}
        outputs = post(app, "/v2/models/weather/infer", {"inputs": [tensor]}).json()["outputs"]
        found = next(output for output in outputs if output["name"] == "probabilities")
        expected = chances([{"temperature": value} for value in temperatures])
        np.testing.assert_allclose(np.reshape(found["data"], found["shape"]), expected, atol=1e-5)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"dataframe_split": {"columns": ["rooms", "city"], "data": [[3, "Rome"], [0, None]]}}, id="split"),
        pytest.param({"dataframe_records": [{"rooms": 3, "city": "Rome"}, {}]}, id="records"),
        pytest.param({"inputs": {"rooms": [3, 0], "city": ["Rome", None]}}, id="columns"),
    ],
)
def test_columns_may_be_left_out_of_mlflows_forms(app: Application, body: object) -> None:
    answers = post(app, "/invocations", body, **{"content-type": "application/json"}).json()["predictions"]
    assert answers == MODEL.predict([{"rooms": 3, "city": "Rome"}, {}]).tolist()


def test_openapi_says_what_a_row_says_that_lacks_a_field(app: Application) -> None:
    async def ask() -> dict[str, Any]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lading") as client:
            return dict(json.loads((await client.get("/openapi.json")).content))

    row = asyncio.run(ask())["components"]["schemas"]["weather.Row"]
    assert row["required"] == []
    defaults = {name: schema.get("default") for name, schema in row["properties"].items()}
    assert defaults == {"city": None, "temperature": 0, "rooms": 0, "new": False}
    assert row["properties"]["city"]["type"] == ["string", "null"]
    assert row["properties"]["rooms"]["type"] == "integer"
    assert "may be left out, which is false" in row["properties"]["new"]["description"]
