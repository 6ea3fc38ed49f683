"""A model of several labels: whichever way it is asked, every target has its label and its probabilities."""

import asyncio
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from tritonclient.grpc import InferenceServerClient, InferInput

from lading.converters import package
from lading.core.main import main
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.grpc.conftest import Calls

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["pressure", "warmth"])
TARGETS = pd.DataFrame(
    {
        "rain": np.where(ROWS["pressure"] > 0.3, "yes", "no"),
        "wind": np.array(["calm", "fresh", "storm"])[np.digitize(ROWS["warmth"], [-0.5, 0.5])],
    }
)
ASKED = ROWS[:5]
OUTPUTS = ["label_rain", "probabilities_rain", "label_wind", "probabilities_wind"]
MODEL = MultiOutputClassifier(LogisticRegression()).fit(ROWS, TARGETS)
LABELS = MODEL.predict(ASKED)
SHARES = MODEL.predict_proba(ASKED)

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weather") / "weather.lading"
    return package(MODEL, ROWS, y=TARGETS, name="weather", path=path).path


@pytest.fixture(scope="module")
def weather(bundle: Path) -> Application:
    return Application(Deployments.load([bundle]), Settings())


@pytest.fixture
def tell(weather: Application) -> Ask:
    """Asks the model."""

    async def send(method: str, path: str, **sent: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(weather), base_url="http://lading") as client:
            return await client.request(method, path, **sent)

    def asked(path: str, document: object = None, **sent: Any) -> httpx.Response:
        method = "GET" if document is None and not sent else "POST"
        given = sent if document is None else {"json": document, **sent}
        response = asyncio.run(send(method, path, **given))
        assert response.status_code == 200, response.text
        return response

    return asked


@pytest.fixture
def calls(weather: Application, tmp_path: Path) -> Iterator[Calls]:
    made = Calls(weather, tmp_path / "calls.grpc")
    yield made
    made.close()


def check(labels: Any, shares: list[Any], what: str) -> None:
    """That labels ``[rows, targets]`` and probabilities of each target are the model's own."""
    assert np.asarray(labels).tolist() == LABELS.tolist(), what
    for found, own in zip(shares, SHARES, strict=True):
        np.testing.assert_allclose(np.asarray(found, dtype=float), own, rtol=1e-5, atol=1e-6, err_msg=what)


def test_named_fields_are_answered_with_both_labels_by_name(tell: Ask) -> None:
    answers = tell("/models/weather/predict", ASKED.to_dict("records")).json()
    assert [list(answer) for answer in answers] == [OUTPUTS] * len(ASKED)
    assert list(answers[0]["probabilities_wind"]) == ["calm", "fresh", "storm"]
    labels = [[answer["label_rain"], answer["label_wind"]] for answer in answers]
    names = ("probabilities_rain", "probabilities_wind")
    check(labels, [[list(answer[name].values()) for answer in answers] for name in names], "named fields")


@pytest.mark.parametrize("form", ["text/csv", "application/vnd.apache.parquet"])
def test_tables_have_a_column_for_each_number(tell: Ask, form: str) -> None:
    body = ASKED.to_csv(index=False).encode() if form == "text/csv" else ASKED.to_parquet(index=False)
    answer = tell("/models/weather/predict", content=body, headers={"content-type": form, "accept": form})
    read = pd.read_csv if form == "text/csv" else pd.read_parquet
    check_table(read(BytesIO(answer.content)))


def check_table(table: pd.DataFrame) -> None:
    rain = [f"probability_rain_{name}" for name in ("no", "yes")]
    wind = [f"probability_wind_{name}" for name in ("calm", "fresh", "storm")]
    assert list(table) == ["label_rain", *rain, "label_wind", *wind]
    check(table[["label_rain", "label_wind"]], [table[rain], table[wind]], "a table")


def test_a_file_is_scored_with_the_same_columns(bundle: Path, tmp_path: Path) -> None:
    ASKED.to_csv(tmp_path / "rows.csv", index=False)
    given = ["--input", str(tmp_path / "rows.csv"), "--output", str(tmp_path / "answers.csv")]
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(bundle), *given])
    assert ended.value.code == 0
    check_table(pd.read_csv(tmp_path / "answers.csv"))


def test_mlflow_is_answered_as_predict_answers(tell: Ask) -> None:
    split = ASKED.to_dict("split")
    document = {"dataframe_split": {"columns": split["columns"], "data": split["data"]}}
    assert tell("/models/weather/invocations", document).json() == {"predictions": LABELS.tolist()}
    assert tell("/v1/models/weather:predict", {"instances": split["data"]}).json() == {"predictions": LABELS.tolist()}


def test_tensors_come_under_their_names(tell: Ask) -> None:
    inputs = [
        {"name": name, "datatype": "FP64", "shape": [len(ASKED), 1], "data": ASKED[name].tolist()} for name in ASKED
    ]
    answer = tell("/v2/models/weather/infer", {"inputs": inputs}).json()
    assert [output["name"] for output in answer["outputs"]] == OUTPUTS
    found = {output["name"]: np.array(output["data"]).reshape(output["shape"]) for output in answer["outputs"]}
    labels = np.stack([found["label_rain"].ravel(), found["label_wind"].ravel()], axis=1)
    check(labels, [found["probabilities_rain"], found["probabilities_wind"]], "tensors in JSON")


def test_grpc_and_its_bytes_tell_the_same(calls: Calls) -> None:
    inputs = []
    for name in ASKED:
        inputs.append(InferInput(name, [len(ASKED), 1], "FP64"))
        inputs[-1].set_data_from_numpy(ASKED[[name]].to_numpy())
    with InferenceServerClient(calls.target) as client:
        answer = client.infer("weather", inputs)
    labels = [[text.decode() for text in answer.as_numpy(name).ravel()] for name in ("label_rain", "label_wind")]
    check(np.array(labels).T, [answer.as_numpy("probabilities_rain"), answer.as_numpy("probabilities_wind")], "gRPC")


def test_what_is_told_of_the_model_has_them_all(tell: Ask) -> None:
    for path in ("/v2/models/weather", "/models/weather", "/openapi.json", "/page/weather"):
        told = tell(path).text
        assert all(name in told for name in OUTPUTS), path
    assert "Predicts rain and wind" in tell("/page/weather").text
    assert tell("/models/weather/drift").json()
