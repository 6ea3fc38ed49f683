"""MLflow's scoring server: every form of its requests, its answers, its errors."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pyarrow as pa
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.names import UnknownDefaultError, check_default
from tests.runtime.tabular import CSV, PARQUET, csv, parquet, table_of

Ask = Callable[..., httpx.Response]

JSON = {"content-type": "application/json"}
NAMES = ["mass", "year", "tagged", "island", "band", "bill length", "eggs", "moulting", "note", "seen"]
ROWS: list[dict[str, Any]] = [
    {"mass": 3.75, "year": 2007, "tagged": True, "island": "Dream", "band": 1, "bill length": 3.9, "eggs": 1,
     "moulting": None, "note": None, "seen": "yes"},
    {"mass": 5, "year": 2008, "tagged": False, "island": "Biscoe", "band": 3, "bill length": None, "eggs": None,
     "moulting": True, "note": "heavy", "seen": None},
]  # fmt: skip
DATA = [[row[name] for name in NAMES] for row in ROWS]
COLUMNS = {name: [row[name] for row in ROWS] for name in NAMES}
FIELDS = ["bill length", "mass", "year", "eggs", "tagged", "moulting", "island", "note", "band", "seen"]
IN_ORDER = [[row[name] for name in FIELDS] for row in ROWS]


@pytest.fixture
def invoke(ask: Ask) -> Ask:
    def invoked(model: str, document: object, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()} if headers else JSON
        return ask(f"/models/{model}/invocations", document, headers=sent)

    return invoked


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            {"dataframe_split": {"columns": NAMES, "index": [7, 3], "data": DATA}}, id="split, in another order"
        ),
        pytest.param({"dataframe_split": {"data": IN_ORDER}}, id="split without names"),
        pytest.param({"dataframe_records": ROWS}, id="records"),
        pytest.param({"instances": ROWS}, id="instances as objects"),
        pytest.param({"instances": IN_ORDER}, id="instances as lists"),
        pytest.param({"inputs": COLUMNS}, id="inputs as columns"),
        pytest.param({"inputs": IN_ORDER}, id="inputs as rows"),
        pytest.param({"inputs": ROWS, "params": {}}, id="inputs as objects, with no params"),
        pytest.param({"params": None, "dataframe_records": ROWS}, id="params that are null"),
    ],
)
def test_every_form_gets_the_labels(ask: Ask, invoke: Ask, deployments: Deployments, document: object) -> None:
    response = invoke("penguins", document)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.headers["lading-bundle-digest"] == deployments.get("penguins").digest
    assert response.json() == {"predictions": [row["label"] for row in ask("/models/penguins/predict", ROWS).json()]}


def test_tables_get_them_too(invoke: Ask, deployments: Deployments) -> None:
    expected = invoke("penguins", {"inputs": ROWS}).json()
    table = table_of(deployments.get("penguins").signature, ROWS)
    for kind, body in ((CSV, csv(table)), ("text/csv; charset=utf-8", csv(table)), (PARQUET, parquet(table))):
        assert invoke("penguins", body, content_type=kind).json() == expected


def test_the_index_of_a_data_frame_is_no_column(invoke: Ask, deployments: Deployments) -> None:
    frame = table_of(deployments.get("penguins").signature, ROWS).to_pandas()
    frame.index = [7, 3]
    body = parquet(pa.Table.from_pandas(frame))
    expected = invoke("penguins", {"inputs": ROWS}).json()
    assert invoke("penguins", body, content_type=PARQUET).json() == expected
    frame.index.name = "mass of yesterday"
    assert invoke("penguins", parquet(pa.Table.from_pandas(frame)), content_type=PARQUET).json() == expected


@pytest.mark.parametrize(
    ("model", "given", "predictions"),
    [
        pytest.param("coins", [{"weight": 1, "width": None}, {}], [False, False], id="labels that are truths"),
        pytest.param("forecasts", [[1.5, 0.5], [-1, 2]], [[False, "calm"], [True, "storm"]], id="labels of several targets"),
        pytest.param("cells", [[1, 1, 1, 2]], [3.0], id="a value"),
        pytest.param("roots", [4, [2.25], -1], [{"root": 2.0, "log": 1.3862943611198906}, {"root": 1.5, "log": 0.8109302162163288}, {"root": None, "log": None}], id="two values, NaN is null"),
        pytest.param("counts", [[1, True, None]], [[1.0, 1.0, None]], id="a list of numbers"),
        pytest.param("images", [{"pixels": [[1, 2, 3, 4]] * 3, "shift": -5, "caption": "a"}], [[3.0, 12.0]], id="targets"),
        pytest.param("images", [[[[1, 2, 3, 4]] * 3, -5, "a"]], [[3.0, 12.0]], id="values in the order of the fields"),
    ],
)  # fmt: skip
def test_predictions_are_what_predict_gave(invoke: Ask, model: str, given: list[Any], predictions: Any) -> None:
    response = invoke(model, {"instances": given})
    assert response.status_code == 200
    assert response.json() == {"predictions": predictions}


def test_a_matrix_may_have_its_name(invoke: Ask) -> None:
    for form in ({"inputs": {"X": [[1, 1, 1, 2]]}}, {"instances": [{"X": [1, 1, 1, 2]}]}):
        assert invoke("cells", form).json() == {"predictions": [3.0]}


@pytest.mark.parametrize("form", ["dataframe_records", "instances", "inputs"])
def test_no_rows_have_no_predictions(invoke: Ask, form: str) -> None:
    assert invoke("penguins", {form: []}).json() == {"predictions": []}
    assert invoke("penguins", {"dataframe_split": {"columns": NAMES, "data": []}}).json() == {"predictions": []}
    assert invoke("penguins", {"inputs": {name: [] for name in NAMES}}).json() == {"predictions": []}


def without(name: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != name} for row in ROWS]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param([], "is []; send an object with one of", id="a list"),
        pytest.param({}, "nothing", id="nothing"),
        pytest.param({"inputs": [], "instances": []}, "just one of", id="two forms"),
        pytest.param({"inputs": [], "signature_name": "x"}, "signature_name", id="a signature"),
        pytest.param({"messages": []}, "messages", id="a chat"),
        pytest.param({"inputs": [], "params": {"temperature": 1}}, "takes none", id="params"),
        pytest.param({"inputs": [], "params": False}, "takes none", id="params that are no object"),
        pytest.param({"dataframe_records": {}}, "a list of objects", id="records as an object"),
        pytest.param({"dataframe_records": IN_ORDER}, "a list of objects", id="records as lists"),
        pytest.param({"dataframe_split": []}, "columns and data", id="split as a list"),
        pytest.param({"dataframe_split": {"columns": NAMES}}, "columns and data", id="split without data"),
        pytest.param({"dataframe_split": {"data": [], "rows": 1}}, "columns and data", id="split with something else"),
        pytest.param({"dataframe_split": {"columns": "mass", "data": []}}, "a list of names", id="no list of names"),
        pytest.param({"dataframe_split": {"columns": NAMES, "data": {}}}, "a list of rows", id="no list of rows"),
        pytest.param({"dataframe_split": {"columns": NAMES, "data": [DATA[0], DATA[1][:-1]]}}, "row 1 has 9 values", id="a short row"),
        pytest.param({"dataframe_split": {"columns": [*NAMES[:-1], "mass"], "data": DATA}}, '"mass" is given twice', id="a column twice"),
        pytest.param({"dataframe_split": {"columns": [*NAMES[:-1], 5], "data": DATA}}, "name it by text", id="a column without a name"),
        pytest.param({"dataframe_split": {"columns": [*NAMES, "sex"], "data": [[*row, 1] for row in DATA]}}, "no such field", id="an extra column"),
        pytest.param({"dataframe_split": {"columns": NAMES[1:], "data": [row[1:] for row in DATA]}}, 'field "mass": is not there', id="a missing column"),
        pytest.param({"dataframe_records": without("mass")}, 'field "mass", row 0', id="a missing field"),
        pytest.param({"instances": {"mass": 1}}, "a list of rows", id="instances as columns"),
        pytest.param({"instances": [ROWS[0], DATA[0]]}, "row 1", id="an object and a list"),
        pytest.param({"instances": [1]}, "row 0 is 1; send a list of 10", id="a number for a row"),
        pytest.param({"inputs": 5}, "inputs is 5", id="a number for all"),
        pytest.param({"inputs": {"mass": 5}}, "is not there", id="a number for a column, and no others"),
        pytest.param({"inputs": COLUMNS | {"mass": 5}}, 'column "mass" is 5', id="a number for a column"),
        pytest.param({"inputs": COLUMNS | {"mass": [5]}}, 'column "mass" has 1; send as many' , id="a short column"),
        pytest.param({"inputs": COLUMNS | {"island": ["Dream", "Hawaii"]}}, 'field "island", row 1', id="a wrong value"),
        pytest.param(b'{"inputs": [NaN]}', "NaN", id="NaN"),
        pytest.param(b'{"inputs": {"mass": [1], "mass": [2]}}', '"mass" is given twice', id="a name twice"),
        pytest.param(b"", "empty", id="no body"),
        pytest.param(b"{", "not JSON", id="no JSON"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_mlflows_words(invoke: Ask, document: object, words: str) -> None:
    response = invoke("penguins", document)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json")
    error = response.json()
    assert error.keys() == {"error_code", "message", "error"}
    assert error["error_code"] == "BAD_REQUEST"
    assert error["error"] == error["message"]
    assert words in error["message"]


@pytest.mark.parametrize(
    "kind",
    [None, "application/x-www-form-urlencoded", "application/vnd.apache.arrow.stream", "application/json; charset=latin-1", "application/json; format=pandas-split"],
)  # fmt: skip
def test_another_type_is_refused_as_text(ask: Ask, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    response = ask("/models/cells/invocations", b'{"inputs": [[1, 1, 1, 2]]}', headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (415, "text/plain; charset=utf-8")
    assert "text/csv" in orjson.loads(response.content)["message"]
    assert "lading-bundle-digest" in response.headers


def test_every_refusal_has_mlflows_shape(ask: Ask, invoke: Ask) -> None:
    found = {
        404: ask("/models/walrus/invocations", {"inputs": []}, headers=JSON),
        405: ask("/models/cells/invocations", method="GET"),
        413: ask("/models/cells/invocations", b" " * (65 << 20), headers=JSON),
        422: invoke("roots", {"inputs": [0]}),
    }
    codes = {404: "RESOURCE_DOES_NOT_EXIST", 405: "BAD_REQUEST", 413: "BAD_REQUEST", 422: "BAD_REQUEST"}
    for status, response in found.items():
        assert response.status_code == status
        assert response.json()["error_code"] == codes[status]
        assert response.json()["message"]
    assert found[405].headers["allow"] == "OPTIONS, POST"


def test_infinity_is_refused(invoke: Ask) -> None:
    response = invoke("roots", {"inputs": [1, 0]})
    assert response.status_code == 422
    assert "row 1" in response.json()["message"]


def test_health(ask: Ask, app: Application) -> None:
    for path in ("/ping", "/health"):
        response = ask(path)
        assert (response.status_code, response.text, response.headers["content-type"]) == (
            200,
            "\n",
            "application/json",
        )
    app.draining = True
    assert ask("/ping").status_code == 503
    assert ask("/version").text == ask("/openapi.json").json()["info"]["version"]


def asked(app: Application, path: str, document: object) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return await client.post(path, json=document)

    return asyncio.run(ask())


def test_the_only_model_needs_no_name(bundles: dict[str, Path]) -> None:
    app = Application(Deployments.load([bundles["cells"]]), Settings())
    assert asked(app, "/invocations", {"inputs": [[1, 1, 1, 2]]}).json() == {"predictions": [3.0]}
    document = asyncio.run(_document(app))
    assert {"/invocations", "/models/cells/invocations"} <= document["paths"].keys()


async def _document(app: Application) -> Any:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
        return (await client.get("/openapi.json")).json()


def test_one_of_several_may_be_meant(deployments: Deployments) -> None:
    app = Application(deployments, Settings(default_model="cells"))
    assert asked(app, "/invocations", {"inputs": [[1, 1, 1, 2]]}).json() == {"predictions": [3.0]}


def test_several_models_need_a_name(ask: Ask) -> None:
    response = ask("/invocations", {"inputs": []}, headers=JSON)
    assert response.status_code == 404
    assert response.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert "/models/{name}/invocations" in response.json()["message"]
    assert "/invocations" not in ask("/openapi.json").json()["paths"]


def test_a_default_that_is_not_deployed_is_refused() -> None:
    check_default(None, ("cells",))
    check_default("cells", ("cells",))
    with pytest.raises(UnknownDefaultError, match="LADING_DEFAULT_MODEL is 'walrus'") as caught:
        check_default("walrus", ("cells",))
    assert caught.value.exit_code == 2
