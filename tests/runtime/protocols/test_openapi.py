import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import orjson
import pytest
from openapi_spec_validator import validate

from lading.bundles.answer_names import keys
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.protocols import openapi
from lading.runtime.protocols.examples import example
from lading.runtime.protocols.named_fields import NamedFieldsDialect
from lading.runtime.protocols.openapi import KEYLESS
from lading.runtime.serving.edge_configuration import OPEN_PATHS

Ask = Callable[..., httpx.Response]

MODELS = ["cells", "coins", "counts", "forecasts", "images", "mosaics", "penguins", "roots"]


@pytest.fixture
def document(ask: Ask) -> dict[str, Any]:
    found: dict[str, Any] = ask("/openapi.json").json()
    return found


def check(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    """That the value is what the schema says, its references taken from the document."""
    whole = schema | {"components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def content(part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = part["content"]["application/json"]
    return found


def test_the_document_is_openapi(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"
    names = [found["operationId"] for item in document["paths"].values() for found in item.values()]
    assert len(names) == len(set(names))


def test_a_server_that_asks_for_keys_says_how_they_come(deployments: Deployments, document: dict[str, Any]) -> None:
    app = Application(deployments, Settings(keys_file=Path("keys.txt")))
    keyed = orjson.loads(asyncio.run(_openapi(app)))
    validate(keyed)
    assert keyed.pop("security") == [{"bearer": []}, {"x-api-key": []}]
    assert set(keyed["components"].pop("securitySchemes")) == {"bearer", "x-api-key"}
    for path, item in keyed["paths"].items():
        for found in item.values():
            open_to_all = path in OPEN_PATHS
            assert (found.pop("security", None) == []) is open_to_all
            assert {"401", "429"} <= found["responses"].keys() or open_to_all
            found["responses"] = without_keys(found["responses"])
    assert set(KEYLESS) == {path.removesuffix("/") for path in OPEN_PATHS}
    keyed["components"]["responses"] = without_keys(keyed["components"]["responses"])
    assert keyed == document


def without_keys(responses: dict[str, Any]) -> dict[str, Any]:
    return {status: response for status, response in responses.items() if status not in ("401", "429")}


def test_many_who_ask_at_once_have_it_made_once(deployments: Deployments, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def count(*given: Any) -> dict[str, Any]:
        made.append(given)
        return {}

    monkeypatch.setattr(openapi, "document", count)
    app = Application(deployments, Settings())

    async def ask_at_once() -> list[bytes]:
        return await asyncio.gather(*(_openapi(app) for _ in range(20)))

    assert asyncio.run(ask_at_once()) == [b"{}"] * 20
    assert len(made) == 1


async def _openapi(app: Application) -> bytes:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
        return (await client.get("/openapi.json")).content


def test_every_path_of_the_document_is_answered(ask: Ask, document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            body = b"" if method == "post" else None
            sent = (
                {"content-type": next(iter(operation["requestBody"]["content"]))}
                if body == b"" and "requestBody" in operation
                else {}
            )
            statuses = set(operation["responses"])
            assert ask(path, body, headers=sent).status_code in ((200, 400) if "200" in statuses else (404, 501))


def test_the_document_has_the_fields_as_they_are(document: dict[str, Any]) -> None:
    row = document["components"]["schemas"]["penguins.Row"]
    assert row["required"] == ["mass", "year", "tagged", "island", "band"]
    assert row["additionalProperties"] is False
    fields = row["properties"]
    assert fields["bill length"]["type"] == ["number", "null"]
    assert fields["mass"]["type"] == "number"
    assert "seen from 2.5 to 6.5" in fields["mass"]["description"]
    assert fields["year"]["type"] == "integer"
    assert fields["tagged"]["type"] == "boolean"
    assert fields["island"]["enum"] == ["Biscoe", "Dream", "Torgersen"]
    assert fields["band"]["examples"] == [1, 2, 3]
    assert "enum" not in fields["band"]
    assert "not used" in fields["seen"]["description"]
    pixels = document["components"]["schemas"]["images.Row"]["properties"]["pixels"]
    assert (pixels["maxItems"], pixels["items"]["maxItems"]) == (3, 4)


@pytest.mark.parametrize("model", MODELS)
def test_the_examples_fit_their_schemas_and_are_answered_as_they_say(
    ask: Ask, document: dict[str, Any], model: str
) -> None:
    operation = document["paths"][f"/models/{model}/predict"]["post"]
    asked, told = content(operation["requestBody"]), content(operation["responses"]["200"])
    assert asked["examples"].keys() == told["examples"].keys() == {"one row", "rows"}
    for name, request in asked["examples"].items():
        answer = told["examples"][name]["value"]
        check(document, asked["schema"], request["value"])
        check(document, told["schema"], answer)
        assert ask(f"/models/{model}/predict", request["value"]).json() == answer


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("version", ["", "/versions/1.0.0"])
def test_the_inference_examples_do_so_too(ask: Ask, document: dict[str, Any], model: str, version: str) -> None:
    path = f"/v2/models/{model}{version}/infer"
    operation = document["paths"][path]["post"]
    asked, told = content(operation["requestBody"]), content(operation["responses"]["200"])
    check(document, asked["schema"], asked["example"])
    check(document, told["schema"], told["example"])
    assert ask(path, asked["example"]).json() == told["example"]


@pytest.mark.parametrize("model", MODELS)
def test_the_examples_are_the_golden_rows_with_the_golden_answers(
    document: dict[str, Any], deployments: Deployments, model: str
) -> None:
    found = deployments.get(model)
    operation = document["paths"][f"/models/{model}/predict"]["post"]
    rows = content(operation["requestBody"])["examples"]["rows"]["value"]
    assert rows == found.golden.records(found.signature)[: len(rows)]
    answers = content(operation["responses"]["200"])["examples"]["rows"]["value"]
    expected = found.golden.expected(found.signature)
    for key, output in zip(keys(found.signature), found.signature.outputs, strict=True):
        if output.meaning == "probabilities":
            values = [list(answer[key].values()) for answer in answers]
            for told, golden in zip(values, expected[output.tensor.name].tolist(), strict=False):
                assert all(math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-4) for a, b in zip(told, golden, strict=True))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/models/cells/predict", b"{}", id="named fields"),
        pytest.param("/v2/models/cells/infer", b"{}", id="inference"),
        pytest.param("/models/roots/predict", b'{"x": 0}', id="an infinite answer"),
    ],
)
def test_refusals_fit_their_schemas(ask: Ask, document: dict[str, Any], path: str, body: bytes) -> None:
    response = ask(path, body)
    schema = content(document["paths"][path]["post"]["responses"][str(response.status_code)])["schema"]
    check(document, schema, response.json())


def test_a_wrong_row_does_not_fit_the_schema(document: dict[str, Any]) -> None:
    schema = content(document["paths"]["/models/penguins/predict"]["post"]["requestBody"])["schema"]
    row = content(document["paths"]["/models/penguins/predict"]["post"]["requestBody"])["examples"]["one row"]["value"]
    for wrong in ({"mass": None}, {"island": "Hawaii"}, {"year": 2007.5}, {"extra": 1}, {"tagged": 1}):
        with pytest.raises(jsonschema.ValidationError):
            check(document, schema, row | wrong)


def test_a_row_that_cannot_be_answered_is_no_example(deployments: Deployments) -> None:
    model = deployments.get("roots")
    assert example(model, NamedFieldsDialect(model), {"x": 0}) is None
    assert example(model, NamedFieldsDialect(model), {"x": 4}) is not None
