"""Bytes that are no table, or a table with something wrong in it, are refused with words; nothing fails inside."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.deployments import Deployments
from lading.runtime.errors import RequestError
from lading.runtime.protocols.replies import words
from lading.runtime.tables.table_reader import BODIES, TableReader
from tests.runtime.tabular import csv, file, parquet, stream, table_of

LIMIT = 1 << 20
LAW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

FORMATS: list[Any] = [
    pytest.param("Arrow", stream, {}, id="stream"),
    pytest.param("Arrow", stream, {"compression": "zstd", "batch_rows": 2}, id="compressed stream"),
    pytest.param("Arrow", file, {}, id="file"),
    pytest.param("Arrow", file, {"compression": "lz4", "batch_rows": 2}, id="compressed file"),
    pytest.param("CSV", csv, {}, id="CSV"),
    pytest.param("Parquet", parquet, {}, id="Parquet"),
    pytest.param("Parquet", parquet, {"data_page_version": "2.0", "row_group_size": 2}, id="Parquet of version 2"),
]


@st.composite
def damage(draw: st.DrawFn, body: bytes) -> bytes:
    """``body`` with a few bytes changed, taken out or put in."""
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(changed) - 1)))
        match draw(st.integers(0, 3)):
            case 0:
                changed[place : place + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del changed[place : place + draw(st.integers(1, 8))]
            case 2:
                changed[place:place] = draw(st.binary(min_size=1, max_size=8))
            case _:
                del changed[place:]
    return bytes(changed)


def ask(deployments: Deployments, name: str, kind: str, body: bytes) -> None:
    """Ask as an endpoint would; nothing but a refusal may be raised."""
    model = deployments.get(name)
    with suppress(RequestError, FieldError):
        model.run(TableReader(model, LIMIT).read(body, kind))


@pytest.mark.parametrize(("kind", "make", "options"), FORMATS)
@pytest.mark.parametrize("name", ["penguins", "images", "coins"])
@given(data=st.data())
@LAW
def test_a_damaged_table_is_read_or_refused(
    deployments: Deployments, name: str, kind: str, make: Any, options: dict[str, Any], data: st.DataObject
) -> None:
    model = deployments.get(name)
    table = table_of(model.signature, model.golden.records(model.signature))
    body = b"pixels,shift,caption\n1,2,a\n" if (name, kind) == ("images", "CSV") else make(table, **options)
    ask(deployments, name, kind, data.draw(damage(body)))


@pytest.mark.parametrize("kind", list(BODIES))
@given(
    body=st.binary(max_size=100) | st.sampled_from([b"ARROW1", b"PAR1PAR1", b"ARROW1\0\0ARROW1", b"\xff" * 64, b"a\n"])
)
@LAW
def test_any_bytes_are_read_or_refused(deployments: Deployments, kind: str, body: bytes) -> None:
    ask(deployments, "coins", kind, body)


@pytest.mark.parametrize("kind", ["Arrow", "Parquet"])
def test_an_empty_body_is_no_table(deployments: Deployments, kind: str) -> None:
    with pytest.raises(RequestError, match=f"cannot be read as {kind}"):
        TableReader(deployments.get("coins"), LIMIT).read(b"", kind)


def test_what_libraries_say_is_told_in_one_short_line(deployments: Deployments) -> None:
    model = deployments.get("coins")
    for body in (b"", b"width\n" + b"x" * (2 << 20), b'"' * 1000, b"a" * (2 << 20), b'width\n"' + b"x," * 1000):
        with pytest.raises((RequestError, FieldError)) as caught:
            TableReader(model, 4 << 20).read(body, "CSV")
        assert isinstance(caught.value, RequestError | FieldError)
        assert len(words(caught.value)) < 400
        assert words(caught.value).isprintable()
