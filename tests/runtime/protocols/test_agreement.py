"""Every way of asking gives the same answers: named fields, tensors, and the graph asked directly."""

from typing import Any

import numpy as np
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.bundles.bundle import open_bundle
from lading.bundles.session import open_session
from lading.bundles.tensors.feeds import Encoder
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.inference_schemas import example_request
from lading.runtime.protocols.named_fields import NamedFieldsDialect
from lading.runtime.protocols.rows import RowReader

REAL = st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6)
NUMBER = REAL | st.integers(-1000, 1000)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["heavy", "a: b", '"', "\\u003a", "true"])

PENGUIN = st.fixed_dictionaries(
    {
        "mass": NUMBER,
        "year": st.integers(-(2**53), 2**53) | st.integers(-9, 9).map(float),
        "tagged": st.booleans(),
        "island": st.sampled_from(["Biscoe", "Dream", "Torgersen"]),
        "band": st.integers(-5, 5),
    },
    optional={
        "bill length": st.none() | NUMBER,
        "eggs": st.none() | st.integers(0, 9),
        "moulting": st.none() | st.booleans(),
        "note": st.none() | TEXT,
        "seen": st.none() | TEXT,
    },
)
COIN = st.fixed_dictionaries({}, optional={"weight": st.none() | NUMBER, "width": st.none() | NUMBER})
COUNT = st.fixed_dictionaries(
    {"count": st.integers(-(2**53), 2**53) | st.integers(-9, 9).map(float), "flag": st.booleans()},
    optional={"level": st.none() | NUMBER},
)
CELL = st.fixed_dictionaries({f"x{index}": NUMBER for index in range(4)})
IMAGE = st.fixed_dictionaries(
    {
        "pixels": st.lists(st.lists(NUMBER, min_size=4, max_size=4), min_size=3, max_size=3),
        "shift": st.integers(-128, 127),
        "caption": TEXT,
    }
)
ROWS = st.one_of(
    *(
        st.tuples(st.just(name), st.lists(row, max_size=5))
        for name, row in (("penguins", PENGUIN), ("coins", COIN), ("counts", COUNT), ("cells", CELL), ("images", IMAGE))
    )
)

LAW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Rows = list[dict[str, Any]]


def complete(model: Model, rows: Rows) -> Rows:
    """The rows as a tensor protocol needs them: null for what is left out, and 2007 where a row may say 2007.0."""
    whole = [row | {"year": int(row["year"])} if "year" in row else row for row in rows]
    return [{field.name: row.get(field.name) for field in model.signature.fields} for row in whole]


@given(ROWS)
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


@given(ROWS.filter(lambda asked: len(asked[1]) > 0))
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
            session = open_session(bundle.read(bundle.manifest.graph.path))
        feeds = Encoder(model.signature).encode(model.golden.columns(model.signature))
        names = [output.tensor.name for output in model.signature.outputs]
        for name, found in zip(names, session.run(names, feeds), strict=True):
            np.testing.assert_array_equal(found, model.run(feeds)[name])
