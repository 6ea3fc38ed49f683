"""KServe's protocol, version 1, and TensorFlow Serving's."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.predict_v1 import PredictDialect
from lading.runtime.protocols.protocol import load_protocols
from tests.runtime.protocols.test_mlflow import COLUMNS, IN_ORDER, ROWS, without

Ask = Callable[..., httpx.Response]

PREDICT = "/v1/models/{}:predict"


@pytest.fixture
def predict(ask: Ask) -> Ask:
    return lambda model, document: ask(PREDICT.format(model), document)


@pytest.fixture
def tensorflow(deployments: Deployments) -> Ask:
    """Asks a server that answers as TensorFlow Serving does."""
    app = Application(deployments, Settings(v1_answers="tensorflow"))

    def asked(model: str, document: object) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
                return await client.post(PREDICT.format(model), content=orjson.dumps(document))

        return asyncio.run(ask())

    return asked


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"instances": ROWS}, id="objects"),
        pytest.param({"instances": IN_ORDER}, id="lists"),
        pytest.param({"signature_name": "serving_default", "instances": ROWS}, id="with a signature"),
        pytest.param({"inputs": COLUMNS}, id="columns"),
        pytest.param({"inputs": IN_ORDER}, id="inputs that are rows"),
    ],
)
@pytest.mark.parametrize("version", ["", "/versions/1.0.0"])
def test_every_form_gets_the_predictions(ask: Ask, deployments: Deployments, document: object, version: str) -> None:
    response = ask(f"/v1/models/penguins{version}:predict", document)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.headers["lading-bundle-digest"] == deployments.get("penguins").digest
    assert response.json() == {"predictions": [row["label"] for row in ask("/models/penguins/predict", ROWS).json()]}


def test_no_rows_have_no_predictions(predict: Ask, tensorflow: Ask) -> None:
    for form in ("instances", "inputs"):
        assert predict("penguins", {form: []}).json() == {"predictions": []}
    assert tensorflow("cells", {"instances": []}).json() == {"predictions": []}
    assert tensorflow("cells", {"inputs": []}).json() == {"outputs": []}
    assert tensorflow("roots", {"inputs": {"x": []}}).json() == {"outputs": {"root": [], "log": []}}


def test_tensorflow_answers_every_output(tensorflow: Ask) -> None:
    image = {"pixels": [[1, 2, 3, 4]] * 3, "shift": -5, "caption": "a"}
    row = {"sums": [3.0, 6.0, 9.0, 12.0], "again": "a", "shifted": -5, "pair": [3.0, 12.0]}
    assert tensorflow("images", {"instances": [image, image]}).json() == {"predictions": [row, row]}
    columns = {name: [value, value] for name, value in image.items()}
    assert tensorflow("images", {"inputs": columns}).json() == {
        "outputs": {name: [value, value] for name, value in row.items()}
    }
    assert tensorflow("cells", {"instances": [[1, 1, 1, 2]]}).json() == {"predictions": [3.0]}
    assert tensorflow("cells", {"inputs": {"X": [[1, 1, 1, 2]]}}).json() == {"outputs": [3.0]}
    coins = tensorflow("coins", {"instances": [{"weight": 1, "width": None}]}).json()
    assert coins == {"predictions": [{"label": False, "odds": [0.7310585786300049, 0.2689414213699951]}]}


def b64(text: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(text).decode()}


def test_text_may_come_as_base64(predict: Ask) -> None:
    rows = [row | {"island": b64(str(row["island"]).encode())} for row in ROWS]
    columns = COLUMNS | {"island": [b64(str(name).encode()) for name in COLUMNS["island"]]}
    lists = [[b64(value.encode()) if isinstance(value, str) else value for value in row] for row in IN_ORDER]
    expected = predict("penguins", {"instances": ROWS}).json()
    for document in ({"instances": rows}, {"inputs": columns}, {"instances": lists}):
        assert predict("penguins", document).json() == expected


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param([], "is []; send an object", id="a list"),
        pytest.param({}, "nothing", id="nothing"),
        pytest.param({"instances": [], "inputs": []}, "just one of", id="both"),
        pytest.param({"instances": [], "rows": 1}, '"rows"', id="something else"),
        pytest.param({"instances": {}}, "a list of rows", id="instances as an object"),
        pytest.param({"inputs": 5}, "inputs is 5", id="inputs as a number"),
        pytest.param({"instances": [], "signature_name": "other"}, '"other"', id="another signature"),
        pytest.param({"instances": [ROWS[0], IN_ORDER[0]]}, "row 1", id="an object and a list"),
        pytest.param({"instances": without("mass")}, '"mass", row 0', id="a missing field"),
        pytest.param({"instances": [ROWS[0], ROWS[1] | {"extra": 1}]}, '"extra", row 1', id="an extra field"),
        pytest.param({"instances": [ROWS[0] | {"mass": "3"}]}, "a number", id="text for a number"),
        pytest.param({"instances": [ROWS[0] | {"island": {"b64": "?"}}]}, '"?" is not text', id="no base64"),
        pytest.param({"instances": [ROWS[0] | {"island": b64(b"\xff")}]}, "not text in UTF-8", id="no text in it"),
        pytest.param({"instances": [ROWS[0] | {"island": {"b64": 5}}]}, '"island", row 0', id="a number in it"),
        pytest.param(b'{"instances": [Infinity]}', "Infinity", id="infinity"),
        pytest.param(b'{"inputs": {"x": [1], "x": [2]}}', '"x" is given twice', id="a name twice"),
        pytest.param(b"", "empty", id="no body"),
    ],
)
def test_what_is_wrong_is_told(predict: Ask, document: object, words: str) -> None:
    response = predict("penguins", document)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json")
    assert response.json().keys() == {"error"}
    assert words in response.json()["error"]


def test_a_field_that_is_called_b64_stays_one(deployments: Deployments) -> None:
    model = deployments.get("roots")
    field = model.signature.fields[0].model_copy(update={"name": "b64"})
    signature = model.signature.model_copy(update={"fields": (field,)})

    class Renamed:
        def __init__(self) -> None:
            from lading.bundles.tensors.feeds import Encoder

            self.signature, self.encoder = signature, Encoder(signature)

    read = PredictDialect(Renamed()).read(b'{"instances": [{"b64": 4}]}', {})  # type: ignore[arg-type]
    assert read.feeds["X"].tolist() == [[4.0]]


def test_infinity_is_refused(predict: Ask) -> None:
    response = predict("roots", {"instances": [1, 0]})
    assert response.status_code == 422
    assert predict("roots", {"instances": [-1]}).json() == {"predictions": [{"root": None, "log": None}]}


@pytest.mark.parametrize("path", ["/v1/models/penguins", "/v1/models/penguins/versions/1.0.0"])
def test_the_state_has_the_keys_of_both(ask: Ask, app: Application, path: str) -> None:
    version = {"version": "1.0.0", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert ask(path).json() == {"name": "penguins", "ready": True, "model_version_status": [version]}
    app.draining = True
    response = ask(path)
    assert (response.status_code, response.json()["ready"]) == (503, False)
    assert response.json()["model_version_status"][0]["state"] == "UNLOADING"


def test_the_models_are_listed(ask: Ask, deployments: Deployments) -> None:
    assert ask("/v1/models").json() == {"models": [model.name for model in deployments]}


@pytest.mark.parametrize("version", ["", "/versions/1.0.0"])
def test_the_signature_names_what_is_taken_and_answered(ask: Ask, version: str) -> None:
    told = ask(f"/v1/models/penguins{version}/metadata").json()
    assert told["model_spec"] == {"name": "penguins", "signature_name": "", "version": "1.0.0"}
    signature = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert signature["inputs"].keys() == ROWS[0].keys()
    assert signature["inputs"]["island"] == {
        "dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}, "name": "island:0",
    }  # fmt: skip
    odds = signature["outputs"]["probabilities"]
    assert (odds["dtype"], [one["size"] for one in odds["tensor_shape"]["dim"]]) == ("DT_FLOAT", ["-1", "3"])
    cells = ask(f"/v1/models/cells{version}/metadata").json()["metadata"]["signature_def"]["signature_def"]
    assert [one["size"] for one in cells["serving_default"]["inputs"]["X"]["tensor_shape"]["dim"]] == ["-1", "4"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        pytest.param("/v1/models/cells:classify", "POST", 501, id="classify"),
        pytest.param("/v1/models/cells:regress", "POST", 501, id="regress"),
        pytest.param("/v1/models/cells:explain", "POST", 501, id="explain"),
        pytest.param("/v1/models/cells/versions/1.0.0:classify", "POST", 501, id="classify with a version"),
        pytest.param("/v1/models/cells/labels/stable", "GET", 501, id="a label"),
        pytest.param("/v1/models/cells/labels/stable:predict", "POST", 501, id="predict with a label"),
        pytest.param("/v1/models/cells/labels/stable/metadata", "GET", 501, id="metadata of a label"),
        pytest.param("/v1/models/walrus:classify", "POST", 404, id="classify of an unknown model"),
        pytest.param("/v1/models/walrus:predict", "POST", 404, id="an unknown model"),
        pytest.param("/v1/models/cells/versions/2:predict", "POST", 404, id="an unknown version"),
        pytest.param("/v1/models/walrus", "GET", 404, id="the state of an unknown model"),
        pytest.param("/v1/models/cells/versions/2", "GET", 404, id="the state of an unknown version"),
        pytest.param("/v1/models/cells/versions/2/metadata", "GET", 404, id="the signature of an unknown version"),
        pytest.param("/v1/models/cells:predict", "GET", 405, id="to read a prediction"),
        pytest.param("/v1/models/cells:classify", "GET", 405, id="to read a class"),
        pytest.param("/v1/models/cells/versions/1.0.0:explain", "GET", 405, id="to read an explanation"),
        pytest.param("/v1/models/cells", "POST", 405, id="to write a state"),
        pytest.param("/v1/models/cells:walk", "POST", 405, id="what nobody knows"),
    ],
)
def test_what_is_not_there(ask: Ask, path: str, method: str, status: int) -> None:
    response = ask(path, b"{}" if method == "POST" else None, method=method)
    assert response.status_code == status
    assert response.json().keys() == {"error"}


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "image/png"])
def test_the_server_says_that_it_lives(ask: Ask, accept: str | None) -> None:
    response = ask("/", headers={} if accept is None else {"accept": accept})
    assert response.json() == {"status": "alive"}


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "TEXT/HTML"])
def test_people_get_the_page(ask: Ask, accept: str) -> None:
    assert ask("/", headers={"accept": accept}).headers["content-type"].startswith("text/html")


def test_life_is_looked_at_before_the_page() -> None:
    names = [protocol.name for protocol in load_protocols(Settings())]
    assert names.index("kserve_v1") < names.index("page")


def test_every_integer_and_shape_of_a_row_is_checked(predict: Ask) -> None:
    for wrong in (
        {"pixels": [[1, 2, 3]] * 4, "shift": 0, "caption": "a"},
        {"pixels": [[1, 2, 3, 4]] * 3, "shift": 300, "caption": "a"},
    ):
        response: Any = predict("images", {"instances": [wrong]})
        assert response.status_code == 400
        assert "row 0" in response.json()["error"]
