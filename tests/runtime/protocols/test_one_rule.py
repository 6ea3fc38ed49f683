"""One rule for NaN and infinities, and one table of errors: every protocol in every case says the same."""

import asyncio
import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import grpc
import httpx
import numpy as np
import pytest
from onnx import helper

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest
from lading.runtime.model import Model
from lading.runtime.protocols.error_table import MEANINGS, meaning
from tests.runtime.drafting import draft, graph, objects
from tests.runtime.drafts import loops
from tests.runtime.grpc.conftest import INFER, Calls, unary
from tests.runtime.protocols.ways import WAYS, Columns, Sent, Way

LIMIT = 20_000

RIGHT: Columns = [
    ("x", [1.0, 4.0]),
    ("y", [0.5, 0.25]),
    ("n", [1, 2]),
    ("island", ["Dream", "Biscoe"]),
]
ANSWERS = [0.0, math.log(4.0)]


def rule() -> Draft:
    """The logarithm of a number that may be missing; beside it, fields of other kinds, which change nothing."""
    signature = Signature(
        form="frame",
        fields=(
            Field(name="x", type="number", dtype="float64", nullable=True, feed=Feed(input="X", column=0)),
            Field(name="y", type="number", dtype="float64", feed=Feed(input="X", column=1)),
            Field(name="n", type="integer", dtype="int64", feed=Feed(input="X", column=2)),
            Field(
                name="island",
                type="category",
                dtype="category",
                category_type="string",
                categories=("Biscoe", "Dream"),
                unknown="refuse",
                feed=Feed(input="T", column=0),
            ),
        ),
        inputs=(
            Tensor(name="X", dtype="float64", shape=("N", 3)),
            Tensor(name="T", dtype="string", shape=("N", 1)),
        ),
        outputs=(Output(tensor=Tensor(name="log", dtype="float64", shape=("N", 1)), meaning="value"),),
    )
    nodes = [helper.make_node("Gather", ["X", "zero"], ["x"], axis=1), helper.make_node("Log", ["x"], ["log"])]
    columns = {"x": np.array([1.0]), "y": np.array([1.0]), "n": np.array([1]), "island": objects("Dream")}
    return draft("rule", signature, graph(nodes, signature, {"zero": np.array([0])}), columns)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    folder = tmp_path_factory.mktemp("rule")
    for made in (rule(), loops()):
        write_bundle(made, folder / f"{made.name}.lading")
    deployments = Deployments.load([folder / "rule.lading", folder / "loops.lading"])
    return Application(deployments, Settings(body_bytes=LIMIT))


@pytest.fixture(scope="module")
def channel(app: Application, tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    calls = Calls(app, tmp_path_factory.mktemp("calls") / "calls.grpc")
    with grpc.insecure_channel(calls.target) as made:
        yield made
    calls.close()


class Outcome(NamedTuple):
    """What came back: a status, or gRPC's word for it; the answers, or what was said instead."""

    status: int | str
    values: list[float]
    said: str


class Asking:
    """Asks in one way."""

    def __init__(self, app: Application, channel: grpc.Channel, way: Way) -> None:
        self.app, self.channel, self.way = app, channel, way

    def encode(self, columns: Columns, model: str = "rule") -> Sent:
        return self.way.encode(self.app.deployments.get(model), columns)

    def ask(self, sent: Sent, model: str = "rule", version: str | None = None, **request: Any) -> Outcome:
        if self.way.path is None:
            return self._call(sent.body, **request)
        path = self.way.path.format(model)
        if version is not None:
            path = path.replace(f"/{model}", f"/{model}/versions/{version}")
        return self._post(path, sent, **request)

    def _post(self, path: str, sent: Sent, method: str = "POST") -> Outcome:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://lading") as client:
                return await client.request(method, path, content=sent.body, headers=sent.headers)

        response = asyncio.run(ask())
        if response.status_code == 200:
            return Outcome(200, self.way.values(response.content), "")
        return Outcome(response.status_code, [], said_in(response, self.way.words))

    def _call(self, body: bytes, method: str = INFER, **options: Any) -> Outcome:
        try:
            return Outcome(200, self.way.values(unary(self.channel, method, body, **options)), "")
        except grpc.RpcError as error:
            told: Any = error
            return Outcome(told.code().name, [], told.details())

    def expect(self, outcome: Outcome, status: int, *words: str) -> None:
        """That the request is refused with ``status``, as the one table says it in the protocol's own words."""
        assert outcome.status == (meaning(status).grpc if self.way.path is None else status), outcome
        assert 0 < len(outcome.said) < 1024
        for word in words:
            assert word in outcome.said


def said_in(response: httpx.Response, words: str) -> str:
    """The text of a refusal, whose shape is looked at."""
    status, document = response.status_code, json.loads(response.content)
    assert status in MEANINGS
    text = words == "mlflow" and status == 415
    assert response.headers["content-type"] == ("text/plain; charset=utf-8" if text else "application/json")
    keys = {
        "error": {"error"},
        "placed": {"error", "field", "row"} & document.keys() | {"error"},
        "mlflow": {"error", "error_code", "message"},
    }[words]
    assert document.keys() == keys
    if words == "mlflow":
        assert document["error_code"] == meaning(status).mlflow
        assert document["message"] == document["error"]
    said: str = document["error"]
    return said


@pytest.fixture(scope="module")
def tensorflow(app: Application) -> Application:
    """The same models, with TensorFlow Serving's answers under ``/v1``."""
    return Application(app.deployments, Settings(body_bytes=LIMIT, v1_answers="tensorflow"))


@pytest.fixture(params=WAYS)
def asking(request: pytest.FixtureRequest, app: Application, tensorflow: Application, channel: grpc.Channel) -> Asking:
    way = WAYS[request.param]
    return Asking(app if way.style == "kserve" else tensorflow, channel, way)


def changed(name: str, values: list[Any] | None) -> Columns:
    """The right columns with other values in one of them, or without it."""
    known = dict(RIGHT)
    if values is None:
        return [(other, known[other]) for other in known if other != name]
    return [(other, values if other == name else known[other]) for other in {**known, name: values}]


def same(found: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_what_is_right_is_answered(asking: Asking) -> None:
    outcome = asking.ask(asking.encode(RIGHT))
    assert outcome.status == 200, outcome
    same(outcome.values, ANSWERS)


def test_columns_are_known_by_their_names(asking: Asking) -> None:
    same(asking.ask(asking.encode(RIGHT[::-1])).values, ANSWERS)


def test_no_rows_are_answered_by_none(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    empty: Columns = [(name, []) for name, _ in RIGHT]
    session = asking.app.deployments.get("rule")._session
    monkeypatch.setattr(type(session), "run", None, raising=False)  # nothing is run
    outcome = asking.ask(asking.encode(empty))
    assert (outcome.status, outcome.values) == (200, [])


class Wrong(NamedTuple):
    """Columns that are refused everywhere, and what is said of them."""

    columns: Columns
    words: tuple[str, ...]


REFUSED = {
    "a missing field": Wrong(changed("y", None), ("y",)),
    "an extra field": Wrong(changed("z", [1.0, 2.0]), ("z",)),
    "a misspelt field that may be missing": Wrong([("X", [1.0, 2.0]), *RIGHT[1:]], ("X",)),
    "a field twice": Wrong([*RIGHT, ("y", [1.0, 2.0])], ("y", "")),
    "text for a number": Wrong(changed("y", ["heavy", "light"]), ("y",)),
    "a number for text": Wrong(changed("island", [1, 2]), ("island",)),
    "a fraction for an integer": Wrong(changed("n", [1, 2.5]), ("n",)),
    "null for a number that must be there": Wrong(changed("y", [0.5, None]), ("y",)),
    "null for an integer": Wrong(changed("n", [1, None]), ("n",)),
    "an unknown category": Wrong(changed("island", ["Dream", "Hawaii"]), ("island", "Hawaii")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused_by_its_name(asking: Asking, case: str) -> None:
    columns, words = REFUSED[case]
    asking.expect(asking.ask(asking.encode(columns)), 400, *words)


@pytest.mark.parametrize("missing", [None, math.nan], ids=["null", "NaN"])
def test_what_is_missing_may_be_null_and_nan_only_where_it_can_be_said(asking: Asking, missing: float | None) -> None:
    outcome = asking.ask(asking.encode(changed("x", [1.0, missing])))
    if missing is not None and asking.way.carries == "json":
        asking.expect(outcome, 400, "NaN")
    else:
        assert outcome.status == 200, outcome
        same(outcome.values, [0.0, math.nan])


@pytest.mark.parametrize("infinite", [math.inf, -math.inf])
def test_infinity_comes_in_only_where_it_can_be_said(asking: Asking, infinite: float) -> None:
    outcome = asking.ask(asking.encode(changed("y", [0.5, infinite])))
    if asking.way.carries == "exact":
        assert outcome.status == 200, outcome
        same(outcome.values, ANSWERS)
    else:
        asking.expect(outcome, 400, "nf")


def test_nan_goes_out_as_null_or_as_itself(asking: Asking) -> None:
    outcome = asking.ask(asking.encode(changed("x", [1.0, -1.0])))
    assert outcome.status == 200, outcome
    same(outcome.values, [0.0, math.nan])


def test_infinity_goes_out_only_where_it_can_be_said(asking: Asking) -> None:
    outcome = asking.ask(asking.encode(changed("x", [1.0, 0.0])))
    if asking.way.answers == "exact":
        same(outcome.values, [0.0, -math.inf])
    else:
        asking.expect(outcome, 422, "row 1", "infinite", "binary tensors", "gRPC", "Arrow")


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe\x00", b'"' * 40, b"PAR1", b"\x00" * 64], ids=repr)
def test_a_body_that_is_none_is_refused(asking: Asking, body: bytes) -> None:
    asking.expect(asking.ask(Sent(asking.encode(RIGHT).headers, body)), 400)


def test_no_body_is_refused(asking: Asking) -> None:
    # No bytes are a message of gRPC, which names no model.
    asking.expect(asking.ask(Sent(asking.encode(RIGHT).headers, b"")), 400 if asking.way.path else 404)


def test_a_body_that_is_too_large_is_refused(asking: Asking) -> None:
    many: Columns = [(name, values * 6000) for name, values in RIGHT]
    asking.expect(asking.ask(asking.encode(many)), 413, str(LIMIT))


def test_a_compressed_body_is_refused(asking: Asking) -> None:
    sent = asking.encode(RIGHT)
    if asking.way.path is None:
        return  # gRPC compresses under the messages, and says so there
    outcome = asking.ask(Sent({**sent.headers, "content-encoding": "gzip"}, sent.body))
    asking.expect(outcome, 415, "gzip")


def test_a_body_of_another_type_is_refused_where_types_are_looked_at(asking: Asking) -> None:
    sent = asking.encode(RIGHT)
    if asking.way.types:
        asking.expect(
            asking.ask(Sent({**sent.headers, "content-type": "image/png"}, sent.body)), 415, "image/png", "text/csv"
        )
    elif asking.way.path is not None:
        assert asking.ask(Sent({**sent.headers, "content-type": "image/png"}, sent.body)).status == 200


def called(sent: Sent, model: str = "", version: str = "") -> Sent:
    """The call ``sent``, of another model or another version where one is named."""
    request = ModelInferRequest.FromString(sent.body)
    request.MergeFrom(ModelInferRequest(model_name=model, model_version=version))
    return Sent({}, request.SerializeToString())


def test_a_model_that_nobody_deployed_is_not_found(asking: Asking) -> None:
    sent = asking.encode(RIGHT)
    if asking.way.path is None:
        sent = called(sent, model="walrus")
    asking.expect(asking.ask(sent, "walrus"), 404, "walrus", "rule")


def test_a_version_that_nobody_deployed_is_not_found(asking: Asking) -> None:
    sent = asking.encode(RIGHT)
    if asking.way.path is None:
        sent = called(sent, version="2")
    elif not asking.way.path.startswith("/v"):
        return  # these paths have no versions
    asking.expect(asking.ask(sent, version="2"), 404, "1.0.0")


def test_another_method_is_refused(asking: Asking) -> None:
    if asking.way.path is None:
        outcome = asking.ask(asking.encode(RIGHT), method="/inference.GRPCInferenceService/ModelOutfer")
    else:
        outcome = asking.ask(Sent({}, b""), method="DELETE")
    asking.expect(outcome, 405)


def test_what_takes_too_long_is_stopped(asking: Asking) -> None:
    sent = asking.encode([("rounds", [1e15])], "loops")
    if asking.way.path is None:
        outcome = asking.ask(sent, timeout=0.2)
    else:
        outcome = asking.ask(Sent({**sent.headers, "lading-timeout-ms": "200"}, sent.body), "loops")
    asking.expect(outcome, 504)


def test_a_failure_is_told_without_its_secrets(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("/secret/path is broken")

    monkeypatch.setattr(Model, "run", fail)
    outcome = asking.ask(asking.encode(RIGHT))
    asking.expect(outcome, 500, "its log has the reason")
    assert "secret" not in outcome.said
