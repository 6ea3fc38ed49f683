"""Pools: requests that a right server answers as they expect, whatever the model and the protocol."""

import itertools

import pytest

from lading.bundles.bundle import Bundle
from lading.loadtests.payloads.pool import DIALECTS, draw_requests
from lading.loadtests.payloads.request import Request
from lading.loadtests.plan import Protocol, Share, Traffic
from tests.loadtests.conftest import Ask
from tests.runtime.drafts import DRAFTS

MODELS = [*sorted(DRAFTS.keys() - {"loops", "hoards"}), "readings", "visits"]


def drawn(bundle: Bundle, protocol: Protocol, count: int, **traffic: object) -> list[Request]:
    rows = (Share(rows=1),) if bundle.manifest.signature.form == "whole" else (Share(rows=1), Share(rows=3))
    mixed = {"protocols": (protocol,), "rows": rows, "invalid": 0.3, "seed": 3, **traffic}
    return list(draw_requests(bundle, bundle.manifest.name, Traffic.model_validate(mixed))[:count])


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
