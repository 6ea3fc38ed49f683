from collections.abc import Callable

import httpx

from lading.runtime.deployments import Deployments

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
        assert item.keys() == {"name", "version", "digest", "provenance", "parity", "waiver"}
        assert item["provenance"]["code"]["commit"] == "0" * 40
