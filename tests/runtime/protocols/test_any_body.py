"""Whatever a client sends is answered, or refused with words; it never fails inside."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.deployments import Deployments
from lading.runtime.errors import RequestError
from lading.runtime.protocols.endpoint import Dialect
from lading.runtime.protocols.examples import golden_rows
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.inference_schemas import example_request
from lading.runtime.protocols.named_fields import NamedFieldsDialect

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=5)
    | st.sampled_from(["FP32", "FP64", "INT64", "BYTES", "X", "mass", "island", "Dream", "pixels"])
)
KEYS = st.text(max_size=3) | st.sampled_from(["inputs", "outputs", "id", "parameters", "name", "data", "shape", "mass"])
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
NAMES = st.sampled_from(["penguins", "cells", "coins", "counts", "forecasts", "images", "mosaics", "roots"])
LAW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def ask(model: Any, dialect: Dialect[Any], body: bytes) -> None:
    """Ask as an endpoint would; nothing but a refusal may be raised, and the answer is JSON."""
    with suppress(RequestError, FieldError):
        question = dialect.read(body, {})
        orjson.loads(dialect.write(question, model.run(question.feeds)).body)


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """``value`` with something else somewhere in it."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 5)) == 0:
            return {name: part for name, part in value.items() if name != key}
        return value | {draw(KEYS) if draw(st.integers(0, 5)) == 0 else key: draw(mutated(value[key]))}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(mutated(value[index])), *value[index + draw(st.integers(0, 1)) :]]
    return draw(JSON)


@given(name=NAMES, document=JSON)
@LAW
def test_any_json_is_answered_or_refused(deployments: Deployments, name: str, document: object) -> None:
    model = deployments.get(name)
    for dialect in (NamedFieldsDialect(model), InferenceDialect(model)):
        ask(model, dialect, orjson.dumps(document))


@given(name=NAMES, body=st.binary(max_size=30) | st.text(alphabet='{}[]":,0aN-\\', max_size=20).map(str.encode))
@LAW
def test_any_bytes_are_refused(deployments: Deployments, name: str, body: bytes) -> None:
    model = deployments.get(name)
    for dialect in (NamedFieldsDialect(model), InferenceDialect(model)):
        ask(model, dialect, body)


@pytest.mark.parametrize("name", ["penguins", "cells", "coins", "counts", "forecasts", "images", "mosaics", "roots"])
@given(data=st.data())
@LAW
def test_a_request_with_something_wrong_in_it_is_answered_or_refused(
    deployments: Deployments, name: str, data: st.DataObject
) -> None:
    model = deployments.get(name)
    rows, tensors = golden_rows(model), InferenceDialect(model)
    ask(model, NamedFieldsDialect(model), orjson.dumps(data.draw(mutated(rows))))
    ask(model, tensors, orjson.dumps(data.draw(mutated(example_request(tensors, rows)))))
