"""Wrong requests made from the signature of every example bundle: all of them are refused, each by the right name."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
import pytest

from lading.bundles.tensors.binary import DTYPES
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.errors import shown
from lading.runtime.model import Model
from lading.runtime.protocols.inference import InferenceDialect
from tests.runtime.protocols.ways import Sent, with_bytes
from tests.runtime.protocols.wrong import Wrong, wrong_requests

EXAMPLES = ["penguins", "breast-cancer"]
BY_HAND = ["cells", "coins", "counts", "forecasts", "images", "penguins", "roots"]
"""All but the one whose tensors are taken whole, where a shape is wrong only beside the others, and no rows are none."""

LEAST = 200


@pytest.fixture(scope="module")
def by_hand(deployments: Deployments) -> Application:
    return Application(deployments, Settings())


async def asked(app: Application, requests: list[Wrong]) -> list[httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
        return [await client.post(one.path, content=one.body, headers=one.headers) for one in requests]


def refuse_all(app: Application, model: Model) -> int:
    """That every wrong request is refused by the name of what is wrong; how many there are."""
    requests = wrong_requests(model)
    for one, response in zip(requests, asyncio.run(asked(app, requests)), strict=True):
        assert response.status_code == 400, (one.what, response.text)
        assert response.headers["content-type"] == "application/json"
        said = response.json()["error"]
        assert shown(one.name)[1:-1] in said, (one.what, said)
        assert len(said) < 1024
    return len(requests)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_models_of_the_demo_refuse_them_all(demo: Application, name: str) -> None:
    assert refuse_all(demo, demo.deployments.get(name)) >= LEAST


def test_the_models_made_by_hand_refuse_them_all(by_hand: Application) -> None:
    counts = {name: refuse_all(by_hand, by_hand.deployments.get(name)) for name in BY_HAND}
    assert sum(counts.values()) >= LEAST * len(counts), counts


def empty(model: Model) -> list[dict[str, Any]]:
    return [
        {"name": spec.name, "datatype": spec.datatype, "shape": [0, *spec.extents], "data": []}
        for spec in InferenceDialect(model).inputs.specs
    ]


def no_rows(model: Model) -> Mapping[str, Sent]:
    """Requests of no rows, by path."""
    inputs = empty(model)
    parts = [{**one, "parameters": {"binary_data_size": 0}} for one in inputs]
    for part in parts:
        del part["data"]
    sent = {"content-type": "application/json"}
    return {
        f"/v2/models/{model.name}/infer": Sent(sent, orjson.dumps({"inputs": inputs})),
        f"/v2/models/{model.name}/versions/{model.version}/infer": with_bytes(orjson.dumps({"inputs": parts}), []),
        f"/models/{model.name}/predict": Sent(sent, b"[]"),
        f"/models/{model.name}/invocations": Sent(sent, b'{"inputs": []}'),
        f"/v1/models/{model.name}:predict": Sent(sent, b'{"instances": []}'),
    }


def answer_nothing(app: Application, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """That no rows are answered by none, without a run of the model."""
    monkeypatch.setattr(model, "_session", None)
    requests = [Wrong("nothing", path, headers, body, "") for path, (headers, body) in no_rows(model).items()]
    answers = asyncio.run(asked(app, requests))
    assert [answer.status_code for answer in answers] == [200] * len(requests), [answer.text for answer in answers]
    for output in answers[0].json()["outputs"]:
        assert (output["shape"][0], output["data"]) == (0, [])
        assert len(output["shape"]) >= 1
        assert output["datatype"] in (*DTYPES, "BYTES")
    assert answers[2].json() == []
    assert [answer.json() for answer in answers[3:]] == [{"predictions": []}] * 2


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_models_of_the_demo_answer_no_rows(demo: Application, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_nothing(demo, demo.deployments.get(name), monkeypatch)


@pytest.mark.parametrize("name", BY_HAND)
def test_the_models_made_by_hand_answer_no_rows(
    by_hand: Application, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_nothing(by_hand, by_hand.deployments.get(name), monkeypatch)
