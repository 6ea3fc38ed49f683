"""The kinds: code is told by its bytes, whatever it is called, and numbers are not taken for it."""

import marshal
import pickle
import struct
import sys
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.kinds import HEAD, forbidden_content, forbidden_name


def kind(data: bytes) -> str | None:
    return forbidden_content(data[:HEAD], len(data))


def _joblib(compress: int | tuple[str, int]) -> bytes:
    stream = BytesIO()
    joblib.dump({"weights": np.arange(50_000.0), "more": [OrderedDict()]}, stream, compress=compress)
    return stream.getvalue()


def _zip() -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", b"")
    return stream.getvalue()


def _pyc() -> bytes:
    code = compile("print(1)", "x", "exec")
    return b"\xa7\r\r\n" + bytes(12) + marshal.dumps(code)


def _portable_executable() -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        *(
            pytest.param(lambda protocol=protocol: pickle.dumps(OrderedDict(a=1), protocol), "pickle", id=f"pickle {protocol}")
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ),
        pytest.param(lambda: pickle.dumps([OrderedDict()] * 9 + [bytes(HEAD)], 4), "pickle", id="a long pickle"),
        pytest.param(lambda: _joblib(0), "pickle", id="joblib"),
        pytest.param(lambda: _joblib(3), "pickle", id="joblib, zlib"),
        pytest.param(lambda: _joblib(("gzip", 3)), "gzip", id="joblib, gzip"),
        pytest.param(lambda: _joblib(("bz2", 3)), "bzip2", id="joblib, bzip2"),
        pytest.param(lambda: _joblib(("xz", 3)), "xz", id="joblib, xz"),
        pytest.param(lambda: Path(sys.executable).read_bytes(), "ELF", id="ELF"),
        pytest.param(_zip, "ZIP", id="ZIP"),
        pytest.param(_pyc, "compiled Python", id="pyc"),
        pytest.param(_portable_executable, "PE", id="PE"),
        pytest.param(lambda: b"\xca\xfe\xba\xbe\0\0\0\x34", "Java", id="class"),
        pytest.param(lambda: b"#!/bin/sh\necho", "script", id="script"),
    ],
)  # fmt: skip
def test_code_is_told_by_its_bytes(make: Callable[[], bytes], words: str) -> None:
    assert words in str(kind(make()))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("model/x.pkl", "pickle"),
        ("model/x.PY", "Python code"),
        ("evidence/a.joblib.json", "pickle"),
        ("model/lib.so.1", "machine code"),
        ("model/Main.class", "Java"),
        ("model/x.pyc", "compiled"),
    ],
)
def test_code_is_told_by_its_name(path: str, words: str) -> None:
    assert words in str(forbidden_name(path))


@pytest.mark.parametrize("path", ["model/model.onnx", "model/weights.bin", "golden/rows.json", "MODEL_CARD.md", "pkl"])
def test_what_a_bundle_holds_is_called_otherwise(path: str) -> None:
    assert forbidden_name(path) is None


@given(values=st.lists(st.floats(width=32), min_size=8, max_size=40))
def test_weights_are_not_taken_for_code(values: list[float]) -> None:
    assert kind(np.array(values, np.float32).tobytes() + bytes(8)) is None


def test_what_ends_where_compiled_code_would_begin_is_not_taken_for_it() -> None:
    head = _pyc()[:16]
    assert kind(head) is None
    assert kind(head[:8]) is None
    assert kind(head + b"\xe3") == kind(head + b"c") == "compiled Python code"


@given(text=st.text())
def test_documents_are_not_taken_for_code(text: str) -> None:
    assert kind(b"# " + text.encode("utf-8", "replace") + b".") is None
    assert kind(b'{"a":"' + text.encode("utf-8", "replace") + b'."}') is None


@given(data=st.binary(max_size=300))
def test_any_bytes_can_be_asked_about(data: bytes) -> None:
    for candidate in (data, b"\x80\4\x95" + data, zlib.compress(data), b"MZ" + data):
        kind(candidate)
