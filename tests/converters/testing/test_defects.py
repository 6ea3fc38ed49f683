"""The suite finds each mistake: converters with one planted in each, installed as a package for their test."""

import importlib
import sys
from collections.abc import Callable

import numpy as np
import pytest

from lading.converters.converter import Converter
from lading.converters.testing import Case, Check, NonconformingError, checks

GOOD = """
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from lading.bundles.manifest import Graph
from lading.bundles.signature import Feed, Output, Signature, Tensor
from lading.converters import Converted, Problem, UnconvertibleError


class Slope:
    __module__ = "slopes.slope"  # its framework's
    weights = None
    def fit(self, rows):
        self.weights = np.arange(1.0, rows.shape[1] + 1).reshape(-1, 1)
        return self
    def predict(self, rows):
        return rows @ self.weights


class SlopeConverter:
    name = "slopes"
    def matches(self, model):
        return type(model).__module__ == "slopes.slope"
    def features(self, model):
        return None
    def diagnose(self, model, form, fields):
        if model.weights is None:
            return [Problem("", "was not fitted", "fit it")]
        if len(fields) != len(model.weights):
            return [Problem("", f"takes {len(model.weights)} columns", "give those")]
        return []
    def graph(self, model):
        weights = numpy_helper.from_array(model.weights, "w")
        return [helper.make_node("MatMul", ["x", "w"], ["y"])], [weights]
    def convert(self, model, form, fields, precision):
        if problems := self.diagnose(model, form, fields):
            raise UnconvertibleError("a slope", tuple(problems))
        nodes, weights = self.graph(model)
        given = helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["rows", len(fields)])
        made = helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["rows", 1])
        sets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
        graph = helper.make_graph(nodes, "slope", [given], [made], weights)
        proto = helper.make_model(graph, opset_imports=sets, ir_version=9)
        return Converted(
            model=proto.SerializeToString(deterministic=True),
            graph=Graph(framework="slopes", ir_version=9, opsets={"ai.onnx": 18}),
            signature=self.signature(fields),
            precision="float64", reference="slopes 1.0", packages=self.packages(),
        )
    def packages(self):
        return ("slope_plugin", "numpy")
    def signature(self, fields):
        fed = [field.model_copy(update={"feed": Feed(input="x", column=at)}) for at, field in enumerate(fields)]
        x = Tensor(name="x", dtype="float64", shape=("rows", len(fields)))
        y = Tensor(name="y", dtype="float64", shape=("rows", 1))
        return Signature(form="array", fields=tuple(fed), inputs=(x,), outputs=(Output(tensor=y, meaning="value"),))
    def reference(self, model, rows, signature):
        columns = np.column_stack(list(rows.columns_as_numpy().values()))
        return {"y": model.predict(columns)}


class Odd(SlopeConverter):
"""

DEFECTS = {
    "claims its own": "    def matches(self, model): return model is None or type(model).__module__ == 'slopes.slope'",
    "finds no problem": "    def diagnose(self, model, form, fields):\n        return [Problem('', 'is odd', 'mend it')]\n"
    "    def convert(self, model, form, fields, precision):\n"
    "        good = SlopeConverter(); return good.convert(model, form, fields, precision)",
    "refuses the unfitted": "    def diagnose(self, model, form, fields): return []",
    "refuses other columns": "    def diagnose(self, model, form, fields):\n"
    "        if model.weights is not None and len(fields) != len(model.weights): fields[99]\n"
    "        return super().diagnose(model, form, fields)",
    "keeps the fields": "    def signature(self, fields): return super().signature(fields[::-1])",
    "fits the graph": "    def reference(self, model, rows, signature):\n"
    "        return {'z': super().reference(model, rows, signature)['y']}",
    "answers alike": "    def graph(self, model):\n"
    "        return [helper.make_node('MatMul', ['x', 'w'], ['y'])], [numpy_helper.from_array(model.weights + 1, 'w')]",
    "leaves the model alone": "    def convert(self, model, form, fields, precision):\n"
    "        made = super().convert(model, form, fields, precision)\n"
    "        if model.weights is not None: model.weights = model.weights * 1.0000001\n        return made",
    "treats the strange alike": "    def reference(self, model, rows, signature):\n"
    "        found = super().reference(model, rows, signature)\n"
    "        return {name: np.nan_to_num(values) for name, values in found.items()}",
    "is reproducible": "    def graph(self, model):\n        import uuid\n        nodes, weights = super().graph(model)\n"
    "        nodes[0].name = uuid.uuid4().hex\n        return nodes, weights",
    "is proved": "    def graph(self, model):\n"
    "        one = numpy_helper.from_array(model.weights + 1, 'w')\n"
    "        return [helper.make_node('MatMul', ['x', 'w'], ['y'])], [one]",
    "holds what may be": "    def graph(self, model):\n        import pickle\n        nodes, weights = super().graph(model)\n"
    "        data = np.frombuffer(pickle.dumps([1]), dtype=np.uint8)\n"
    "        return [*nodes, helper.make_node('Identity', ['p'], ['q'])], [*weights, numpy_helper.from_array(data, 'p')]",
    "names versions": "    def packages(self): return ('numpy',)",
}

Install = Callable[..., None]


def case(missing: bool) -> tuple[type[Converter], Case]:
    module = importlib.import_module("slope_plugin_module")
    rows = np.random.default_rng(3).normal(size=(80, 3))
    if missing:
        rows[::9, 1] = np.nan
    return module.Odd, Case("slope", module.Slope().fit(rows), rows, unfitted=module.Slope(), distributions=("numpy",))


def broken(install: Install, code: str, rule: str, missing: bool) -> list[str]:
    """The rules among those up to ``rule`` that the converter with ``code`` breaks."""
    install("slope_plugin", "lading.converters", "slopes", "slope_plugin_module:Odd", GOOD + code)
    kind, made = case(missing)
    listed = checks(kind, [made])
    last = [check.rule for check in listed].index(rule)
    return [check.rule for check in listed[: last + 1] if not passes(check)]


def passes(check: Check) -> bool:
    try:
        check()
    except NonconformingError:
        return False
    return True


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each test import its own converter."""
    monkeypatch.delitem(sys.modules, "slope_plugin_module", raising=False)


def test_a_right_converter_passes(install: Install) -> None:
    assert broken(install, "    pass\n", "names versions", missing=True) == []


@pytest.mark.parametrize("rule", DEFECTS)
def test_a_defect_is_found_by_its_check(install: Install, rule: str) -> None:
    assert rule in broken(install, DEFECTS[rule] + "\n", rule, missing=rule == "treats the strange alike")


def test_one_that_is_not_installed_is_told_so(install: Install) -> None:
    install("slope_plugin", "lading.strangers", "slopes", "slope_plugin_module:Odd", GOOD + "    pass\n")
    kind, made = case(missing=False)
    with pytest.raises(NonconformingError, match="name it in the entry points"):
        checks(kind, [made])[0]()


def test_one_that_imports_its_framework_is_told_so(install: Install) -> None:
    code = "    pass\nimport sys, types\nsys.modules['slopes'] = types.ModuleType('slopes')\n"
    assert "imports nothing" in broken(install, code, "imports nothing", missing=False)
