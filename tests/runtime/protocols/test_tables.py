"""Rows as tables, and answers as tables, at the path that takes fields by name."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.bundles.bundle import open_bundle
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.protocols import media
from tests.runtime.tabular import CSV, FILE, PARQUET, STREAM, csv, file, parquet, read, stream, table_of

Ask = Callable[..., httpx.Response]
Rows = list[dict[str, Any]]

PATH = "/models/{}/predict"
MADE: dict[str, Callable[[pa.Table], bytes]] = {STREAM: stream, FILE: file, PARQUET: parquet, CSV: csv}
MODELS = ["penguins", "cells", "coins", "counts", "forecasts", "images", "mosaics", "roots"]


def rows_of(path: Path) -> tuple[pa.Table, Rows]:
    """The golden rows, as a table and as objects."""
    with open_bundle(path) as bundle:
        signature = bundle.manifest.signature
        rows: Rows = bundle.golden().records(signature)
    return table_of(signature, rows), rows


def answers_in(response: httpx.Response) -> Rows:
    kind = response.headers["content-type"]
    if kind == STREAM:
        return list(read(response.content).to_pylist())
    if kind == FILE:
        return list(pa.ipc.open_file(response.content).read_all().to_pylist())
    return list(pa.parquet.read_table(pa.BufferReader(response.content)).to_pylist())


def flat(answers: Rows) -> Rows:
    """Answers as objects under the names that the columns of tables have."""
    return [
        {
            name: value
            for key, told in answer.items()
            for name, value in (
                {f"{key.replace('probabilities', 'probability')}_{part}": number for part, number in told.items()} if isinstance(told, dict) else {key: told}
            ).items()
        }
        for answer in answers
    ]  # fmt: skip


def like(found: Any, expected: Any) -> bool:
    """Whether two answers are the same; JSON has null for NaN, and fewer digits."""
    if isinstance(found, list):
        return len(found) == len(expected) and all(map(like, found, expected))
    if isinstance(found, dict):
        return list(found) == list(expected) and like(list(found.values()), list(expected.values()))
    if isinstance(found, float) and math.isnan(found):
        return expected is None
    return bool(found == expected or (isinstance(found, float) and math.isclose(found, expected, rel_tol=1e-6)))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("sent", [STREAM, FILE, PARQUET])
@pytest.mark.parametrize("wanted", [STREAM, FILE, PARQUET])
def test_tables_are_answered_by_tables(
    ask: Ask, bundles: dict[str, Path], deployments: Deployments, name: str, sent: str, wanted: str
) -> None:
    table, rows = rows_of(bundles[name])
    response = ask(PATH.format(name), MADE[sent](table), headers={"content-type": sent, "accept": wanted})
    assert (response.status_code, response.headers["content-type"]) == (200, wanted)
    assert response.headers["lading-bundle-digest"] == deployments.get(name).digest
    assert like(answers_in(response), flat(ask(PATH.format(name), rows).json()))


@pytest.mark.parametrize("name", MODELS)
def test_tables_are_answered_in_json_by_default(ask: Ask, bundles: dict[str, Path], name: str) -> None:
    table, rows = rows_of(bundles[name])
    expected = ask(PATH.format(name), rows).json()
    for headers in ({}, {"accept": "*/*"}, {"accept": "application/json"}):
        response = ask(PATH.format(name), stream(table), headers={"content-type": STREAM, **headers})
        assert response.headers["content-type"] == "application/json"
        assert response.json() == expected


def test_json_is_answered_by_tables(ask: Ask) -> None:
    row = {"x0": 1, "x1": 1, "x2": 1, "x3": 2}
    for body, rows in ((row, 1), ([row, row], 2), ([], 0)):
        response = ask(PATH.format("cells"), body, headers={"accept": STREAM})
        assert read(response.content).to_pydict() == {"value": [3.0] * rows}
    assert ask(PATH.format("cells"), [row, row], headers={"accept": CSV}).text == "value\n3\n3\n"


def test_csv_comes_and_goes(ask: Ask) -> None:
    body = b"width,weight\n-2,1.5\n,0.25\n"
    response = ask(PATH.format("coins"), body, headers={"content-type": "text/csv; charset=utf-8", "accept": CSV})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    header, *lines = response.text.splitlines()
    assert header == "label,probability_false,probability_true"
    assert [line.split(",")[0] for line in lines] == ["false", "false"]


def test_nan_and_infinity_come_back_as_they_are(ask: Ask) -> None:
    table = pa.table({"x": [0.0, -1.0, float("inf"), 4.0]})
    for sent in (STREAM, FILE, PARQUET):
        for wanted in (STREAM, FILE, PARQUET):
            response = ask(PATH.format("roots"), MADE[sent](table), headers={"content-type": sent, "accept": wanted})
            root, log = zip(*(answer.values() for answer in answers_in(response)), strict=True)
            assert root[0] == 0
            assert math.isnan(root[1])
            assert root[2:] == (math.inf, 2.0)
            assert log[0] == -math.inf
            assert math.isnan(log[1])


def test_nan_is_an_empty_cell_of_csv_and_infinity_is_refused(ask: Ask) -> None:
    headers = {"content-type": CSV, "accept": CSV}
    assert ask(PATH.format("roots"), b"x\n-1\n4\n", headers=headers).text == "root,log\n,\n2,1.3862943611198906\n"
    response = ask(PATH.format("roots"), b"x\n1\n0\n", headers=headers)
    assert response.status_code == 422
    assert response.json()["row"] == 1
    assert "Arrow" in response.json()["error"]


def test_no_rows_have_no_answers(ask: Ask, bundles: dict[str, Path]) -> None:
    for name in MODELS:
        table = rows_of(bundles[name])[0].slice(0, 0)
        response = ask(PATH.format(name), stream(table), headers={"content-type": STREAM, "accept": STREAM})
        assert response.status_code == 200
        assert read(response.content).num_rows == 0
        assert ask(PATH.format(name), parquet(table), headers={"content-type": PARQUET}).json() == []


@pytest.mark.parametrize(
    ("kind", "body", "status", "place", "words"),
    [
        pytest.param(STREAM, b"", 400, {}, "cannot be read as Arrow", id="no Arrow"),
        pytest.param(PARQUET, b"PAR1", 400, {}, "cannot be read as Parquet", id="no Parquet"),
        pytest.param(CSV, b"", 400, {}, "cannot be read as CSV", id="no CSV"),
        pytest.param(CSV, b"weight,width\n1,2\n3\n", 400, {"row": 1}, "row 1 has 1 cells", id="a short row"),
        pytest.param(CSV, b"weight,wide\n1,2\n", 400, {"field": "wide"}, "did you mean 'width'", id="an extra column"),
        pytest.param(CSV, b"weight,weight\n1,2\n", 400, {"field": "weight"}, "2 columns", id="a column twice"),
        pytest.param(
            CSV, b"weight,width\n1,2\n3,x\n", 400, {"field": "width", "row": 1}, "a number", id="a wrong cell"
        ),
        pytest.param("image/png", b"", 415, {}, STREAM, id="a picture"),
        pytest.param("application/xml", b"<a/>", 415, {}, CSV, id="XML"),
        pytest.param("text/csv; charset=latin-1", b"x\n1\n", 415, {}, "UTF-8", id="another encoding"),
        pytest.param("text/csv; header=absent", b"1\n", 415, {}, CSV, id="no header"),
        pytest.param("application/json; charset=utf-16", b"[]", 415, {}, "UTF-8", id="JSON in another encoding"),
    ],
)
def test_what_cannot_be_read_is_refused(
    ask: Ask, kind: str, body: bytes, status: int, place: dict[str, Any], words: str
) -> None:
    response = ask(PATH.format("coins"), body, headers={"content-type": kind, "accept": STREAM})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    error = response.json()
    assert words in error.pop("error")
    assert error == place


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain;charset=UTF-8", "Application/JSON"])
def test_json_may_come_as_clients_send_it_when_nobody_tells_them(ask: Ask, kind: str) -> None:
    response = ask(PATH.format("cells"), b'{"x0":1,"x1":1,"x2":1,"x3":2}', headers={"content-type": kind})
    assert response.json() == {"value": 3.0}


def test_a_table_in_capitals_is_a_table(ask: Ask) -> None:
    body = stream(pa.table({"x": [4.0]}))
    response = ask(PATH.format("roots"), body, headers={"content-type": STREAM.upper()})
    assert response.json()[0]["root"] == 2.0


def test_what_cannot_be_sent_is_refused(ask: Ask) -> None:
    response = ask(PATH.format("coins"), [], headers={"accept": "text/html"})
    assert response.status_code == 406
    assert all(kind in response.json()["error"] for kind in ("application/json", STREAM, FILE, PARQUET, CSV))


def test_a_table_is_no_larger_than_a_body_may_be(deployments: Deployments) -> None:
    app = Application(deployments, Settings(body_bytes=20_000))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading")
    import asyncio

    def asked(rows: int) -> httpx.Response:
        body = stream(pa.table({"x": [1.0] * rows}), compression="zstd")
        assert len(body) < 20_000
        return asyncio.run(client.post(PATH.format("roots"), content=body, headers={"content-type": STREAM}))

    assert asked(1000).status_code == 200
    response = asked(10_000)
    assert response.status_code == 413
    assert "20000 bytes once it is decoded" in response.json()["error"]


@pytest.fixture
def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(media, "find_spec", lambda name: None)
    media.tables_are_read.cache_clear()
    yield
    media.tables_are_read.cache_clear()


@pytest.mark.usefixtures("without_pyarrow")
def test_without_pyarrow_tables_are_refused_with_what_to_install(ask: Ask) -> None:
    for kind in (STREAM, FILE, PARQUET, CSV):
        response = ask(PATH.format("coins"), b"width\n1\n", headers={"content-type": kind})
        assert response.status_code == 415
        assert "lading[tables]" in response.json()["error"]
        refused = ask(PATH.format("coins"), [], headers={"accept": kind})
        assert refused.status_code == 406
        assert refused.json()["error"].endswith("sent as one of application/json")
    assert ask(PATH.format("coins"), {"width": 1}).status_code == 200
    document = ask("/openapi.json").json()["paths"][PATH.format("coins")]["post"]
    assert list(document["requestBody"]["content"]) == ["application/json"]


BODIES = st.binary(max_size=64) | st.sampled_from([stream(pa.table({"x": [4.0]})), csv(pa.table({"x": [4.0]}))])


@given(
    body=BODIES,
    kind=st.sampled_from([STREAM, FILE, PARQUET, CSV, "text/x", ""]),
    accept=st.sampled_from([STREAM, CSV, "*/*", "a/b"]),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_is_answered_or_refused(ask: Ask, body: bytes, kind: str, accept: str) -> None:
    response = ask(PATH.format("roots"), body, headers={"content-type": kind, "accept": accept})
    assert response.status_code in (200, 400, 406, 415)
    assert response.status_code == 200 or "error" in response.json()
