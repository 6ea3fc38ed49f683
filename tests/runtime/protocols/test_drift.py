"""Drift over HTTP: counted whatever the protocol, told for each field; warnings for who asks for them."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.drift.warning import MOST
from lading.runtime.protocols.replies import Answer
from tests.runtime.visits import frame, rows_of

Ask = Callable[..., httpx.Response]

WARNED = {"lading-warnings": "true"}


@pytest.fixture
def app(trained: Deployments) -> Application:
    """The application over models that have profiles of their training data."""
    return Application(trained, Settings())


def row(**changed: object) -> dict[str, Any]:
    """A row like those of training."""
    return rows_of(frame(1))[0] | changed


def test_what_is_asked_is_compared_with_what_was_trained_on(ask: Ask, trained: Deployments) -> None:
    for seed in range(3):
        assert ask("/models/visits/predict", rows_of(frame(200, seed, shift=1))).status_code == 200
        ask("/models/visits/drift")
    response = ask("/models/visits/drift")
    told = response.json()
    assert response.headers["lading-bundle-digest"] == told["digest"] == trained.get("visits").digest
    assert (told["name"], told["version"], told["verdict"]) == ("visits", "1.0.0", "shifted")
    assert (told["training_rows"], told["rows"]) == (2000, 600)
    assert told["since"].endswith("Z")
    fields = {field["name"]: field for field in told["fields"]}
    assert fields["age"]["psi"] > 0.25
    assert fields["age"]["distance"] > 0.5
    assert fields["member"]["verdict"] == "stable"
    assert fields["score"]["missing"]["live"] > 0.3 > fields["score"]["missing"]["training"]
    assert ask("/models/readings/drift").json()["rows"] == 0


def test_the_way_to_it_is_shown_with_the_model(ask: Ask) -> None:
    assert ask("/models/visits").json()["drift"] == "/models/visits/drift"
    assert ask("/models/nobody/drift").status_code == 404


V2 = {"inputs": [{"name": "X", "shape": [3, 2], "datatype": "FP64", "data": [0, 0, 1, 1, 2, 2]}]}
LISTS = [[0, 0], [1, 1], [2, 2]]
WAYS: Mapping[str, tuple[str, Any]] = {
    "named fields": ("/models/readings/predict", [{"x0": 0, "x1": 0}, {"x0": 1, "x1": 1}, {"x0": 2, "x1": 2}]),
    "version 2": ("/v2/models/readings/infer", V2),
    "version 1": ("/v1/models/readings:predict", {"instances": LISTS}),
    "MLflow": ("/models/readings/invocations", {"inputs": LISTS}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_ask_is_counted(ask: Ask, way: str) -> None:
    path, body = WAYS[way]
    headers = {"content-type": "application/json"}
    assert ask(path, body, headers=headers).status_code == 200
    assert ask("/models/readings/drift").json()["rows"] == 3


def test_what_is_answered_at_once_and_what_is_large_is_counted(app: Application, ask: Ask) -> None:
    prompt = app.prompt[b"/models/readings/predict"]
    body = orjson.dumps({"x0": 1, "x1": 1})
    assert isinstance(prompt.at_once({b"content-type": b"application/json"}, body, 1000), Answer)
    assert ask("/models/readings/drift").json()["rows"] == 1
    many = [{"x0": float(value), "x1": 1.5} for value in range(10_000)]
    assert ask("/models/readings/predict", many).status_code == 200
    assert 100 < ask("/models/readings/drift").json()["rows"] <= 257


def test_refused_requests_are_not_counted(ask: Ask) -> None:
    assert ask("/models/readings/predict", {"x0": "one", "x1": 1}).status_code == 400
    assert ask("/models/readings/drift").json()["rows"] == 0


def warnings(response: httpx.Response) -> Any:
    assert response.status_code == 200
    return json.loads(response.headers["lading-warnings"])


@pytest.mark.parametrize("way", WAYS)
def test_who_asks_is_warned_and_gets_the_same_answer(ask: Ask, way: str, trained: Deployments) -> None:
    path, body = WAYS[way]
    body = json.loads(json.dumps(body).replace("2", "9"))
    if way == "version 2":
        body = json.loads(json.dumps(V2 | {"id": "one"}))
        body["inputs"][0]["data"][4:] = [9, 9]
    headers = {"content-type": "application/json"}
    plain, warned = (ask(path, body, headers=headers | more) for more in ({}, WARNED))
    assert "lading-warnings" not in plain.headers
    assert warned.content == plain.content
    limit = trained.get("readings").profile.columns[0].maximum
    assert warnings(warned) == {
        "count": 1,
        "warnings": [{"row": 2, "field": "x0", "problem": "above", "limit": limit}],
    }


def test_each_kind_of_value_has_its_warning(ask: Ask, trained: Deployments) -> None:
    known = {column.name: column for column in trained.get("visits").profile.columns}
    rows = [row(), row(age=-500, city="Paris"), row(kids=99, score=None, when="1970-01-01", note="")]
    assert warnings(ask("/models/visits/predict", rows, headers=WARNED)) == {
        "count": 3,
        "warnings": [
            {"row": 1, "field": "age", "problem": "below", "limit": known["age"].minimum},
            {"row": 2, "field": "kids", "problem": "above", "limit": known["kids"].maximum},
            {"row": 1, "field": "city", "problem": "unseen"},
        ],
    }


def test_nothing_unlike_the_training_data_is_no_warning(ask: Ask) -> None:
    for body in (row(), [], [row()]):
        assert warnings(ask("/models/visits/predict", body, headers=WARNED)) == {"count": 0, "warnings": []}
    asked = ask("/models/visits/predict", row(age=-500), headers={"lading-warnings": "false"})
    assert "lading-warnings" not in asked.headers


def test_warnings_are_bounded(ask: Ask) -> None:
    told = warnings(ask("/models/visits/predict", [row(age=-500, city="é")] * 3000, headers=WARNED))
    assert told["count"] == 6000
    assert len(told["warnings"]) == MOST


def test_tables_are_warned_of_too(ask: Ask) -> None:
    headers = {"content-type": "text/csv", "accept": "text/csv"} | WARNED
    assert warnings(ask("/models/readings/predict", b"x0,x1\n99,0\n", headers=headers))["count"] == 1


def test_version_2_tells_warnings_among_its_parameters(ask: Ask) -> None:
    asked = V2 | {"id": "one", "parameters": {"warnings": True}}
    asked["inputs"] = [V2["inputs"][0] | {"data": [0, 0, 1, 1, 99, 2]}]
    told, plain = ask("/v2/models/readings/infer", asked).json(), ask("/v2/models/readings/infer", V2).json()
    assert json.loads(told["parameters"]["warnings"])["count"] == 1
    assert "parameters" not in plain
    assert ask("/v2/models/readings/infer", asked | {"parameters": {"warnings": False}}).json().keys() == plain.keys()


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/models/readings/predict", {"x0": 1, "x1": 1}, {"lading-warnings": "1"}),
        ("/v2/models/readings/infer", V2 | {"parameters": {"warnings": 1}}, {}),
    ],
)
def test_what_is_neither_true_nor_false_is_refused(ask: Ask, path: str, body: object, headers: dict[str, str]) -> None:
    response = ask(path, body, headers=headers)
    assert response.status_code == 400
    assert "expected true or false" in response.json()["error"]


def test_counting_beside_the_answers_loses_nothing(app: Application) -> None:
    async def both() -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lading") as client:
            rng = np.random.default_rng(3)
            for _ in range(100):
                asks = [
                    client.post("/models/readings/predict", json={"x0": float(value), "x1": 0.0})
                    for value in rng.normal(size=5)
                ]
                await asyncio.gather(*asks, client.get("/models/readings/drift"))
            found: int = (await client.get("/models/readings/drift")).json()["rows"]
            return found

    assert asyncio.run(both()) == 500
