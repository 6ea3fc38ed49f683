"""The contract: what the documents say of a request and of its answer is so, whatever is sent."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis import BaseSchema
from schemathesis.core.result import Ok

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.examples import golden_rows
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.inference_schemas import example_request
from tests.runtime.contract import contract_checks
from tests.runtime.contract.fuzzing import Found, configured, fuzz, liberal
from tests.runtime.contract.protocol_document import protocol_document
from tests.runtime.serving.conftest import Serving

EXAMPLES = 200
SEEDS = [pytest.param(seed, id=f"seed-{seed}") for seed in (1, 2, 3)]

FUZZED = "penguins"
"""The model of a data frame, which every seed asks on a real server."""

WHOLE, FEWER = "mosaics", 20
"""The model of a graph taken whole; to think of what it takes costs more, so one seed asks less of it, in this process."""

QUICKLY = ("images", "roots", "forecasts")
"""Models of tensors, of an array, whose answers may be NaN and infinite, and of several labels."""

NOT_OFFERED = "not offered"
"""The tag of what is answered 501, where most operations have parameters in their paths."""


@pytest.fixture(scope="module")
def server(bundles: dict[str, Path]) -> Iterator[str]:
    """The address of a real server of one replica."""
    serving = Serving([bundles[FUZZED]], "--replicas", "1")
    try:
        serving.ready()
        yield f"http://127.0.0.1:{serving.port}"
    finally:
        serving.close()


def requests(deployments: Deployments, *names: str) -> dict[str, Any]:
    """A request of each model, by its name."""
    models = map(deployments.get, names)
    return {model.name: example_request(InferenceDialect(model), golden_rows(model)) for model in models}


def check(found: Found) -> None:
    """That no answer was other than the document says."""
    counted = Counter(found.failures)
    assert not counted, "\n\n".join(counted)
    assert contract_checks.LONGEST_REFUSAL


def check_both(found: Found, schema: BaseSchema) -> None:
    """The same of requests so many that operations were answered well, and refused."""
    check(found)
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        statuses = found.statuses[operation.label]
        if "200" in operation.definition.raw["responses"] and not operation.path_parameters:
            assert statuses[200], operation.label
        if operation.body:
            assert any(400 <= status < 500 or status == 501 for status in statuses), operation.label


@pytest.fixture(scope="module")
def few(bundles: dict[str, Path]) -> Application:
    """The application over three models."""
    return Application(Deployments.load([bundles[name] for name in QUICKLY]), Settings(v1_answers="tensorflow"))


def test_a_few_requests_are_answered_as_the_document_says(few: Application) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", few, config=configured(1, 5))
    offered = schema.exclude(tag=NOT_OFFERED)
    check(fuzz(offered))


def test_a_few_requests_are_answered_as_the_protocol_says(few: Application) -> None:
    document = protocol_document(requests(few.deployments, *QUICKLY))
    schema = schemathesis.openapi.from_dict(document, config=liberal(configured(1, 5)))
    schema.app = few
    check(fuzz(schema))


@pytest.mark.contract
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_request_is_answered_as_the_document_says(server: str, seed: int) -> None:
    config = configured(seed, EXAMPLES, coverage=seed == 1)
    schema = schemathesis.openapi.from_url(f"{server}/openapi.json", config=config)
    offered = schema.exclude(tag=NOT_OFFERED)
    check_both(fuzz(offered), offered)


@pytest.mark.contract
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_not_offered_is_answered_501_by_reason_of_the_path_alone(server: str, seed: int) -> None:
    # Nothing is wrong for these: any text is right in a path.
    config = configured(seed, EXAMPLES, coverage=seed == 1, negative=False)
    rest = schemathesis.openapi.from_url(f"{server}/openapi.json", config=config).include(tag=NOT_OFFERED)
    found = fuzz(rest)
    check_both(found, rest)
    assert all(statuses[501] for statuses in found.statuses.values())


@pytest.mark.contract
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_request_is_answered_as_the_protocol_says(server: str, deployments: Deployments, seed: int) -> None:
    config = liberal(configured(seed, EXAMPLES, coverage=seed == 1))
    config.projects.default.update(base_url=server)
    schema = schemathesis.openapi.from_dict(protocol_document(requests(deployments, FUZZED)), config=config)
    check_both(fuzz(schema), schema)


@pytest.mark.contract
@pytest.mark.timeout(900)
def test_of_a_graph_taken_whole_too(bundles: dict[str, Path]) -> None:
    whole = Application(Deployments.load([bundles[WHOLE]]), Settings())
    schema = schemathesis.openapi.from_asgi("/openapi.json", whole, config=configured(1, FEWER, coverage=True))
    offered = schema.exclude(tag=NOT_OFFERED)
    check_both(fuzz(offered), offered)
