"""The extensions of the Open Inference Protocol: index, statistics, configuration, and those that are not offered."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from tritonclient.grpc import model_config_pb2

from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.protocols.extensions import NOT_OFFERED

Ask = Callable[..., httpx.Response]

CELLS = {"inputs": [{"name": "X", "datatype": "FP32", "shape": [3, 4], "data": [1.0] * 12}]}
EMPTY = {"inputs": [{"name": "X", "datatype": "FP32", "shape": [0, 4], "data": []}]}


@pytest.mark.parametrize("body", [b"", {}, {"ready": False}, {"ready": True}, {"ready": True, "more": [1]}])
def test_the_index_has_every_model_with_its_state(ask: Ask, deployments: Deployments, body: object) -> None:
    response = ask("/v2/repository/index", body)
    assert response.json() == [
        {"name": model.name, "version": "1.0.0", "state": "READY", "reason": ""} for model in deployments
    ]
    assert response.headers["content-type"] == "application/json"


def test_a_server_that_leaves_has_nothing_ready(ask: Ask, app: Application) -> None:
    app.draining = True
    assert {entry["state"] for entry in ask("/v2/repository/index", b"").json()} == {"UNAVAILABLE"}
    assert ask("/v2/repository/index", {"ready": True}).json() == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        ([], "expected an object"),
        ({"ready": 1}, "1 for ready"),
        (b'{"ready":true,"ready":true}', '"ready" is given twice'),
    ],
)
def test_an_index_that_is_asked_for_wrongly_is_refused(ask: Ask, body: object, words: str) -> None:
    response = ask("/v2/repository/index", body)
    assert response.status_code == 400
    assert words in response.json()["error"]


@pytest.fixture
def counted(ask: Ask) -> dict[str, Any]:
    """The statistics of a model, as what is told after some requests less what was told before."""
    before = ask("/v2/models/cells/stats").json()["model_stats"][0]
    for body in (CELLS, CELLS, EMPTY, {}):
        ask("/v2/models/cells/infer", body)
    after = ask("/v2/models/cells/versions/1.0.0/stats").json()["model_stats"][0]
    counts = {
        name: {part: after["inference_stats"][name][part] - entry[part] for part in ("count", "ns")}
        for name, entry in before["inference_stats"].items()
    }
    sums = {name: after[name] - before[name] for name in ("inference_count", "execution_count")}
    return {**after, **sums, "inference_stats": counts, "before": before}


def test_rows_and_runs_are_counted(counted: dict[str, Any]) -> None:
    assert (counted["name"], counted["version"]) == ("cells", "1.0.0")
    assert counted["inference_count"] == 6
    assert counted["execution_count"] == 2  # no rows are no run
    stats = counted["inference_stats"]
    assert stats["success"]["count"] == 3
    assert stats["fail"]["count"] == 1
    parts = ("queue", "compute_input", "compute_infer", "compute_output")
    assert all(stats[name]["count"] == 3 for name in parts)
    assert stats["success"]["ns"] == sum(stats[name]["ns"] for name in parts)
    assert min(stats[name]["ns"] for name in (*parts, "fail")) > 0
    assert stats["cache_hit"] == stats["cache_miss"] == {"count": 0, "ns": 0}


def test_batches_are_counted_by_their_size(counted: dict[str, Any]) -> None:
    found = {batch["batch_size"]: batch["compute_infer"]["count"] for batch in counted["batch_stats"]}
    before = {batch["batch_size"]: batch["compute_infer"]["count"] for batch in counted["before"]["batch_stats"]}
    assert found[3] - before.get(3, 0) == 2
    assert 0 not in found


def test_the_last_inference_is_told_in_milliseconds(counted: dict[str, Any]) -> None:
    assert counted["last_inference"] > 1_700_000_000_000
    assert counted["last_inference"] >= counted["before"]["last_inference"]


def test_a_call_of_a_graph_that_is_taken_whole_is_a_run_of_each_row(ask: Ask, deployments: Deployments) -> None:
    model: Model = deployments.get("mosaics")
    rows = model.golden.records(model.signature)
    before = ask("/v2/models/mosaics/stats").json()["model_stats"][0]
    assert ask("/models/mosaics/predict", rows).status_code == 200
    after = ask("/v2/models/mosaics/stats").json()["model_stats"][0]
    assert after["execution_count"] - before["execution_count"] == len(rows) > 1


def test_the_statistics_of_all_models_are_told_together(ask: Ask, deployments: Deployments) -> None:
    told = ask("/v2/models/stats").json()["model_stats"]
    assert [stat["name"] for stat in told] == [model.name for model in deployments]


@pytest.mark.parametrize("name", ["cells", "penguins", "images", "mosaics", "coins"])
def test_a_configuration_is_one_of_triton(ask: Ask, deployments: Deployments, name: str) -> None:
    response = ask(f"/v2/models/{name}/config")
    config = json_format.ParseDict(response.json(), model_config_pb2.ModelConfig())
    metadata = ask(f"/v2/models/{name}").json()
    assert (config.name, config.platform, config.max_batch_size) == (name, metadata["platform"], 0)
    words = model_config_pb2.DataType.Name
    for tensors, told in ((config.input, metadata["inputs"]), (config.output, metadata["outputs"])):
        assert [(one.name, list(one.dims)) for one in tensors] == [(one["name"], one["shape"]) for one in told]
        assert [words(one.data_type).removeprefix("TYPE_").replace("STRING", "BYTES") for one in tensors] == [
            one["datatype"] for one in told
        ]
    digest = deployments.get(name).digest
    assert config.parameters["lading-bundle-digest"].string_value == digest == response.headers["lading-bundle-digest"]


def test_fields_that_may_be_left_out_are_optional_in_the_configuration(ask: Ask) -> None:
    inputs = ask("/v2/models/penguins/versions/1.0.0/config").json()["input"]
    assert {one["name"] for one in inputs if one["optional"]} == {"bill length", "eggs", "moulting", "note", "seen"}


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for path, (methods, _) in NOT_OFFERED.items() for method in methods]
)
def test_the_paths_of_other_extensions_say_that_they_are_not_offered(ask: Ask, path: str, method: str) -> None:
    asked = path.format(name="cells", version="1.0.0", region="one")
    response = ask(asked, method=method)
    assert response.status_code == 501
    assert "not offered here: " in response.json()["error"]
    assert ask(asked, method="DELETE").status_code == 405
    assert ask(asked, method="OPTIONS").status_code == 204
