"""Pools: requests that a right server answers as they expect, whatever the model and the protocol."""

import itertools
from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from lading.bundles.bundle import Bundle, open_bundle
from lading.bundles.draft import write_bundle
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.loadtests.measuring.step import INVALID
from lading.loadtests.payloads.open_inference import NotInJsonError, OneRowError
from lading.loadtests.payloads.pool import DIALECTS, LEAST_REQUESTS, MOST_REQUESTS, NoGoldenRowsError, draw_requests
from lading.loadtests.payloads.request import ACCEPTED, MALFORMED, NOT_JSON, WRONG, Answer, Request
from lading.loadtests.plan import Protocol, Share, Traffic
from tests.loadtests.conftest import Ask
from tests.runtime.drafting import draft, graph
from tests.runtime.drafts import DRAFTS

MODELS = [*sorted(DRAFTS.keys() - {"loops", "hoards"}), "readings", "visits"]


def drawn(bundle: Bundle, protocol: Protocol, count: int = 200, **traffic: Any) -> list[Request]:
    rows = (Share(rows=1),) if bundle.manifest.signature.form == "whole" else (Share(rows=1), Share(rows=3))
    mixed = {"protocols": (protocol,), "rows": rows, "invalid": 0.3, "seed": 3, **traffic}
    return list(draw_requests(bundle, bundle.manifest.name, Traffic.model_validate(mixed), count))


@pytest.mark.parametrize(("model", "protocol"), list(itertools.product(MODELS, DIALECTS)))
def test_a_right_server_answers_every_request_as_it_expects(
    model: str, protocol: Protocol, opened: dict[str, Bundle], ask: Ask
) -> None:
    wrong = [
        (request.form, request.body, answer, problem)
        for request in drawn(opened[model], protocol, 150)
        if (problem := request.check(answer := ask(request))) is not None
    ]
    assert wrong == []


@pytest.mark.parametrize("protocol", DIALECTS)
def test_an_answer_to_other_rows_is_a_wrong_answer(protocol: Protocol, opened: dict[str, Bundle], ask: Ask) -> None:
    golden = drawn(opened["visits"], protocol, 100, golden=1, invalid=0, rows=(Share(rows=3),))
    answers = [ask(request) for request in golden]
    assert [request.check(answer) for request, answer in zip(golden, answers, strict=True)] == [None] * len(golden)
    swapped = Counter(request.check(answer) for request, answer in zip(golden, answers[1:], strict=False))
    assert swapped[WRONG] > 0.9 * len(golden)
    assert swapped.keys() <= {None, WRONG}  # two may have the same rows


@pytest.mark.parametrize("protocol", DIALECTS)
@pytest.mark.parametrize("golden", [0, 1])
def test_what_is_no_right_answer_is_told_by_kind(
    protocol: Protocol, golden: float, opened: dict[str, Bundle], ask: Ask
) -> None:
    (request,) = drawn(opened["visits"], protocol, 1, golden=golden, invalid=0, rows=(Share(rows=3),))
    (other,) = drawn(opened["visits"], protocol, 1, golden=golden, invalid=0, rows=(Share(rows=2),))
    right = ask(request)
    assert request.check(right) is None
    wrong = {
        right._replace(status=503): "503",
        right._replace(status=400): "400",
        Answer(200, b"<html>"): NOT_JSON,
        Answer(200, b""): NOT_JSON,
        Answer(200, b"null"): MALFORMED,
        Answer(200, b"{}"): MALFORMED,
        ask(other): MALFORMED,
    }
    assert {answer: request.check(answer) for answer in wrong} == wrong


def test_a_wrong_number_in_an_answer_is_found_after_a_right_one(opened: dict[str, Bundle], ask: Ask) -> None:
    (request,) = drawn(opened["visits"], "v2", 1, golden=1, invalid=0, rows=(Share(rows=3),))
    right = ask(request)
    document = orjson.loads(right.body)
    numbers = next(output["data"] for output in document["outputs"] if output["datatype"] in ("FP32", "FP64"))
    exact, numbers[0] = numbers[0], numbers[0] * (1 + 1e-12)
    assert request.check(right) is None
    assert request.check(right._replace(body=orjson.dumps(document))) is None, "it is within the tolerance of the proof"
    numbers[0] = exact * 1.01
    assert request.check(right._replace(body=orjson.dumps(document))) == WRONG


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def answered(opened: dict[str, Bundle], ask: Ask) -> list[tuple[Request, Answer]]:
    """A request of golden rows with its right answer, of three models in each protocol."""
    asked = [
        drawn(opened[model], protocol, 1, golden=1, invalid=0, rows=(Share(rows=2),))[0]
        for model, protocol in itertools.product(("visits", "images", "forecasts"), DIALECTS)
    ]
    return [(request, ask(request)) for request in asked]


@given(data=st.data())
def test_looking_at_an_answer_never_fails_whatever_it_is(
    data: st.DataObject, answered: list[tuple[Request, Answer]]
) -> None:
    request, right = data.draw(st.sampled_from(answered))
    end = len(right.body) if right.json_bytes is None else right.json_bytes
    text = orjson.dumps(data.draw(changes(orjson.loads(right.body[:end]))))
    answer = Answer(200, text + right.body[end:], None if right.json_bytes is None else len(text))
    assert request.check(answer) in (None, NOT_JSON, MALFORMED, WRONG)


def changed(document: dict[str, Any], key: str, new: Any) -> dict[str, Any]:
    return {**document, key: new}


def changes(document: Any) -> st.SearchStrategy[Any]:
    """The document with any one of its parts as anything else."""
    if isinstance(document, dict) and document:
        parts = [changes(value).map(partial(changed, document, key)) for key, value in document.items()]
        return st.one_of(JSON, *parts)
    if isinstance(document, list) and document:
        first = changes(document[0]).map(lambda new: [new, *document[1:]])
        return st.one_of(JSON, first, st.just(document[1:]))
    return JSON


def test_what_is_invalid_must_be_refused_for_what_it_is(opened: dict[str, Bundle]) -> None:
    request = next(one for one in drawn(opened["visits"], "v2") if one.form == INVALID)
    found = {status: request.check(Answer(status, b"")) for status in (200, 204, 400, 413, 422, 404, 429, 500, 503)}
    refused = {400: None, 413: None, 422: None}
    assert found == {200: ACCEPTED, 204: ACCEPTED, 404: "404", 429: "429", 500: "500", 503: "503"} | refused


def test_the_same_seed_gives_the_same_requests_and_another_one_others(opened: dict[str, Bundle]) -> None:
    def bodies(seed: int) -> list[tuple[str, bytes]]:
        return [(one.form, one.body) for one in drawn(opened["visits"], "v2-binary", seed=seed)]

    assert bodies(1) == bodies(1)
    assert bodies(1) != bodies(2)


@pytest.mark.parametrize("invalid", [0, 0.01, 0.5])
def test_the_shares_are_met(invalid: float, opened: dict[str, Bundle]) -> None:
    weights = (Share(rows=1, weight=3), Share(rows=5))
    traffic = Traffic(protocols=("named", "v2"), rows=weights, golden=0.25, invalid=invalid)
    requests = draw_requests(opened["visits"], "visits", traffic)
    forms = Counter(request.form for request in requests)
    assert len(requests) == MOST_REQUESTS
    assert abs(forms[INVALID] - invalid * len(requests)) <= 2
    valid = len(requests) - forms[INVALID]
    assert sum(count for form, count in forms.items() if "5 rows" in form) == pytest.approx(valid / 4, rel=0.2)
    assert sum(count for form, count in forms.items() if "named" in form) == pytest.approx(valid / 2, rel=0.2)


def test_a_pool_of_large_requests_is_short(opened: dict[str, Bundle]) -> None:
    large = Traffic(protocols=("v2-binary",), rows=(Share(rows=100),), invalid=0)
    assert len(draw_requests(opened["cells"], "cells", large, most_bytes=50_000)) == LEAST_REQUESTS
    size = sum(len(request.body) for request in draw_requests(opened["cells"], "cells", large, most_bytes=100_000))
    assert 100_000 <= size < 110_000


def test_a_model_taken_whole_has_no_batches(opened: dict[str, Bundle]) -> None:
    with pytest.raises(OneRowError, match="3 rows"):
        drawn(opened["mosaics"], "v2", rows=(Share(rows=3),))


def test_no_golden_row_in_json_is_said(opened: dict[str, Bundle], tmp_path: Any) -> None:
    signature = opened["roots"].manifest.signature
    nodes = [helper.make_node("Sqrt", ["X"], ["root"]), helper.make_node("Log", ["X"], ["log"])]
    write_bundle(draft("zeros", signature, graph(nodes, signature), {"x": np.array([0.0])}), tmp_path / "z.lading")
    with open_bundle(tmp_path / "z.lading") as bundle:
        with pytest.raises(NoGoldenRowsError, match="v2-binary"):
            drawn(bundle, "named")
        assert drawn(bundle, "named", 10, golden=0)
        assert drawn(bundle, "v2-binary", 10)


def test_what_json_does_not_carry_is_said(tmp_path: Any) -> None:
    import numpy as np

    signature = Signature(
        form="array",
        fields=(Field(name="x", type="number", dtype="float16", feed=Feed(input="X", column=0)),),
        inputs=(Tensor(name="X", dtype="float16", shape=("N", 1)),),
        outputs=(Output(tensor=Tensor(name="same", dtype="float16", shape=("N", 1)), meaning="value"),),
    )
    nodes = [helper.make_node("Identity", ["X"], ["same"])]
    write_bundle(draft("halves", signature, graph(nodes, signature), {"x": np.array([0.5])}), tmp_path / "h.lading")
    with open_bundle(tmp_path / "h.lading") as bundle:
        with pytest.raises(NotInJsonError, match="'X' is float16"):
            drawn(bundle, "v2")
        assert drawn(bundle, "v2-binary", 10)
