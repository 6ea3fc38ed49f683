from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.provenance import Experiment
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.lineage import described, lineage_of
from lading.runtime.protocols.open_inference import properties

Ask = Callable[..., httpx.Response]


def test_every_deployed_model_is_listed(ask: Ask, deployments: Deployments) -> None:
    listed = ask("/models").json()["models"]
    assert [item["name"] for item in listed] == [model.name for model in deployments]
    penguins = next(item for item in listed if item["name"] == "penguins")
    assert penguins == {
        "name": "penguins",
        "version": "1.0.0",
        "digest": deployments.get("penguins").digest,
        "description": "Which penguin it is.",
        "predict": "/models/penguins/predict",
    }


def test_a_model_is_shown_with_all_that_its_bundle_states(ask: Ask, deployments: Deployments) -> None:
    response = ask("/models/penguins")
    shown, model = response.json(), deployments.get("penguins")
    assert response.headers["lading-bundle-digest"] == shown["digest"] == model.digest
    assert [field["name"] for field in shown["signature"]["fields"]] == [field.name for field in model.signature.fields]
    assert shown["provenance"]["data"]["digest"] == "sha256:" + "a" * 64
    assert shown["provenance"]["experiment"]["parameters"] == {"depth": None}
    assert shown["parity"]["rows"] == 4
    assert shown["waiver"] is None
    assert shown["graph"]["opsets"]["ai.onnx"] == 21
    assert shown["profile"]["rows"] == 4


def test_an_unknown_model_is_not_found(ask: Ask) -> None:
    assert ask("/models/penguin").status_code == 404


def test_the_lineage_of_all_that_is_deployed_is_told_at_once(ask: Ask, deployments: Deployments) -> None:
    told = ask("/lineage").json()["models"]
    assert [item["digest"] for item in told] == [model.digest for model in deployments]
    for item in told:
        known = {"name", "version", "digest", "estimator", "provenance", "parity", "waiver", "evidence", "policy"}
        assert item.keys() == known
        assert (item["evidence"], item["policy"]) == ([], {"mode": "off", "problems": []})
        assert item["provenance"]["code"]["commit"] == "0" * 40


def test_a_model_is_called_by_what_decides_in_it(cells: Callable[[], Draft], tmp_path: Path) -> None:
    inner = {"estimator": "sklearn.linear_model.LogisticRegression", "parameters": {}}
    steps = [["scale", {"estimator": "sklearn.preprocessing.StandardScaler", "parameters": {}}], ["last", inner]]
    pipeline = Experiment(estimator="sklearn.pipeline.Pipeline", parameters={"steps": steps}, metrics={})
    draft, path = cells(), tmp_path / "cells.lading"
    write_bundle(replace(draft, provenance=draft.provenance.model_copy(update={"experiment": pipeline})), path)
    model = Deployments.load([path]).get("cells")
    assert lineage_of(model)["estimator"] == described(model)["estimator"] == "LogisticRegression in Pipeline"
    assert properties(model)["experiment.model"] == "LogisticRegression in Pipeline"
    assert properties(model)["experiment.estimator"] == "sklearn.pipeline.Pipeline"
