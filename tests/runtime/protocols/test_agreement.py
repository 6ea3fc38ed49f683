"""Every way of asking gives the same answers: named fields, tensors, and the graph asked directly."""

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from lading.bundles.bundle import open_bundle
from lading.bundles.session import open_session, session_of
from lading.bundles.tensors.binary import DTYPES, pack
from lading.bundles.tensors.feeds import Encoder
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.inference_schemas import example_request
from lading.runtime.protocols.named_fields import NamedFieldsDialect
from lading.runtime.protocols.rows import RowReader
from tests.runtime.rows import CALLS, ROWS, Rows, mosaics

LAW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def complete(model: Model, rows: Rows) -> Rows:
    """The rows as a tensor protocol needs them: null for what is left out, and 2007 where a row may say 2007.0."""
    whole = [row | {"year": int(row["year"])} if "year" in row else row for row in rows]
    return [{field.name: row.get(field.name) for field in model.signature.fields} for row in whole]


@given(ROWS | CALLS)
@LAW
def test_the_short_way_gives_the_tensors_that_the_encoder_gives(
    deployments: Deployments, asked: tuple[str, Rows]
) -> None:
    model, rows = deployments.get(asked[0]), asked[1]
    quick = RowReader(model.signature, model.encoder).read(rows)
    slow = Encoder(model.signature).encode_rows(rows)
    assert quick.keys() == slow.keys()
    for name, tensor in slow.items():
        assert (quick[name].dtype, quick[name].shape) == (tensor.dtype, tensor.shape)
        assert quick[name].tobytes() == tensor.tobytes() if tensor.dtype != object else (quick[name] == tensor).all()


@given(ROWS)
@LAW
def test_named_fields_and_tensors_are_answered_as_the_graph_answers(
    bundles: dict[str, Any], deployments: Deployments, asked: tuple[str, Rows]
) -> None:
    model, rows = deployments.get(asked[0]), asked[1]
    expected = model.run(Encoder(model.signature).encode_rows(rows))

    named = NamedFieldsDialect(model)
    question = named.read(orjson.dumps(rows), {})
    answers = orjson.loads(named.write(question, model.run(question.feeds)).body)
    assert len(answers) == len(rows)

    tensors = InferenceDialect(model)
    body = orjson.dumps(example_request(tensors, complete(model, rows)))
    inference = tensors.read(body, {})
    response = orjson.loads(tensors.write(inference, model.run(inference.feeds)).body)
    for output, told in zip(model.signature.outputs, response["outputs"], strict=True):
        values = expected[output.tensor.name]
        assert told["shape"] == list(values.shape)
        flat = values.ravel().tolist()
        if output.coded:
            flat = [(output.classes or ())[position] for position in flat]
        if values.dtype.kind == "f":
            assert np.array(told["data"], dtype=values.dtype).tobytes() == values.tobytes()
        else:
            assert told["data"] == flat
        if output.meaning == "label":
            assert [answer["label"] for answer in answers] == flat
        if output.meaning == "probabilities":
            odds = [list(answer["probabilities"].values()) for answer in answers]
            assert np.array(odds, dtype=values.dtype).tobytes() == values.tobytes()


def in_bytes(tensor: dict[str, Any]) -> dict[str, Any] | None:
    """The tensor with its data as bytes; None for texts of which one is missing, which bytes cannot say."""
    word, data = tensor["datatype"], tensor["data"]
    if word == "BYTES":
        return None if None in data else tensor | {"data": pack(np.array(data, dtype=object))}
    return tensor | {"data": pack(np.array(data, dtype=DTYPES[word]))}


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape)
        equal = found[name].tobytes() == tensor.tobytes() if tensor.dtype != object else (found[name] == tensor).all()
        assert equal, name


@pytest.mark.parametrize("times", [pytest.param(1, id="a few rows"), pytest.param(20, id="many rows")])
@given(asked=ROWS)
@LAW
def test_bytes_give_the_tensors_that_json_gives(deployments: Deployments, times: int, asked: tuple[str, Rows]) -> None:
    model = deployments.get(asked[0])
    inputs = InferenceDialect(model).inputs
    tensors: Any = example_request(InferenceDialect(model), complete(model, asked[1]) * times)
    as_bytes = [in_bytes(tensor) for tensor in tensors["inputs"]]
    expected, rows = inputs.read(tensors["inputs"])
    # Texts of which some are missing stay as they are: a request may mix both.
    mixed = [given if raw is None else raw for given, raw in zip(tensors["inputs"], as_bytes, strict=True)]
    found, count = inputs.read(mixed)
    assert count == rows
    same(found, expected)


@given(mosaics())
@LAW
def test_a_whole_call_is_answered_as_the_graph_answers(deployments: Deployments, calls: Rows) -> None:
    model = deployments.get("mosaics")
    named, tensors = NamedFieldsDialect(model), InferenceDialect(model)
    for call in calls:
        expected = model.run(Encoder(model.signature).encode_rows([call]))
        question = named.read(orjson.dumps(call), {})
        answer = orjson.loads(named.write(question, model.run(question.feeds)).body)
        asked: Any = example_request(tensors, [call])
        inference = tensors.read(orjson.dumps(asked), {})
        found, _ = tensors.inputs.read([in_bytes(tensor) or tensor for tensor in asked["inputs"]])
        same(found, inference.feeds)
        response = orjson.loads(tensors.write(inference, model.run(inference.feeds)).body)
        for told in response["outputs"]:
            values = expected[told["name"]][0, ...]
            assert told["shape"] == list(values.shape)
            np.testing.assert_array_equal(np.array(told["data"], dtype=values.dtype).reshape(values.shape), values)
            said = np.array(answer[told["name"]], dtype=values.dtype)
            np.testing.assert_array_equal(said.reshape(values.shape), values)


@given((ROWS | CALLS).filter(lambda asked: len(asked[1]) > 0))
@LAW
def test_a_row_is_answered_alone_as_among_others(deployments: Deployments, asked: tuple[str, Rows]) -> None:
    model, rows = deployments.get(asked[0]), asked[1]
    dialect = NamedFieldsDialect(model)
    many = dialect.read(orjson.dumps(rows), {})
    single = dialect.read(orjson.dumps(rows[0]), {})
    first = orjson.loads(dialect.write(many, model.run(many.feeds)).body)[0]
    alone = orjson.loads(dialect.write(single, model.run(single.feeds)).body)
    assert alone.keys() == first.keys()
    assert alone.get("label") == first.get("label")


def test_a_session_of_its_own_answers_the_same(bundles: dict[str, Any], deployments: Deployments) -> None:
    for model in deployments:
        with open_bundle(bundles[model.name]) as bundle:
            session = session_of(model.signature, open_session(bundle.read(bundle.manifest.graph.path)))
        feeds = Encoder(model.signature).encode(model.golden.columns(model.signature))
        names = [output.tensor.name for output in model.signature.outputs]
        for name, found in zip(names, session.run(names, feeds), strict=True):
            np.testing.assert_array_equal(found, model.run(feeds)[name])
