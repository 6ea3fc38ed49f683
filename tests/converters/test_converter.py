"""Converters are plugins: each is found by the class of the model, and their errors read well."""

import pickle
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import Ridge

import lading.core.plugins
from lading.converters.converter import (
    GROUP,
    AmbiguousModelError,
    Converter,
    NoConverterError,
    Problem,
    UnconvertibleError,
    class_name,
    converter_for,
)
from lading.converters.onnx import OnnxConverter
from lading.converters.sklearn.converter import SklearnConverter


@pytest.mark.parametrize(
    ("model", "name"),
    [
        pytest.param(Ridge(), "sklearn", id="an estimator"),
        pytest.param(type("Own", (Ridge,), {})(), "sklearn", id="a subclass"),
        pytest.param(Path("model.onnx"), "onnx", id="a path"),
        pytest.param("model.onnx", "onnx", id="a path as text"),
        pytest.param(b"", "onnx", id="bytes"),
    ],
)
def test_the_model_chooses_its_converter(model: object, name: str) -> None:
    assert converter_for(model).name == name


@pytest.mark.parametrize("model", [object(), "model.txt", 3], ids=["object", "text", "number"])
def test_what_no_converter_knows_is_refused_with_those_that_are_installed(model: object) -> None:
    with pytest.raises(NoConverterError, match=r"installed are: .*onnx, .*sklearn"):
        converter_for(model)


def test_two_claims_on_one_model_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    value = "lading.converters.sklearn.converter:SklearnConverter"
    points = [EntryPoint(name, value, GROUP) for name in ("first", "second")]
    monkeypatch.setattr(lading.core.plugins, "entry_points", lambda group: points)
    with pytest.raises(AmbiguousModelError, match="claimed by the converters sklearn and sklearn"):
        converter_for(Ridge())


@pytest.mark.parametrize("converter", [SklearnConverter(), OnnxConverter()])
def test_the_built_in_converters_keep_the_protocol(converter: object) -> None:
    assert isinstance(converter, Converter)


def test_asking_whether_a_converter_matches_imports_no_framework() -> None:
    import subprocess

    code = (
        "import sys; from lading.converters.converter import converter_for, NoConverterError\n"
        "try: converter_for(object())\n"
        "except NoConverterError: print(sorted({'sklearn', 'skl2onnx', 'onnx', 'pandas'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_errors_survive_pickling_and_name_the_step() -> None:
    problem = Problem("prep › age", "calls a Python function", "compute it before the model")
    error: Any = pickle.loads(pickle.dumps(UnconvertibleError("sklearn.Pipeline", (problem,))))
    assert str(error) == (
        'cannot convert sklearn.Pipeline: step "prep › age" calls a Python function; compute it before the model'
    )


def test_class_names_leave_out_private_modules() -> None:
    assert class_name(Ridge()) == "sklearn.Ridge"
