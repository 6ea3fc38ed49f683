"""KServe: its REST client is answered and refused as it should be, and its own models know the examples' every field."""

from collections.abc import Mapping

import pytest
import yaml

from tests.clients.asking import close, metadata, tensors
from tests.clients.conftest import ROOT, drive
from tests.clients.models import Served

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("model", ["iris", "iris-frame", "income"])
def test_protocol_v2(address: str, served: Mapping[str, Served], model: str) -> None:
    told = metadata(address, model)
    outputs = [output["name"] for output in told["outputs"]]
    given = {"model": model, "inputs": tensors(told, served[model].rows), "outputs": outputs}
    found = drive("kserve", "kserve_v2", f"http://{address}", given=given)
    assert (found["live"], found["ready"], found["model ready"], found["no model ready"]) == (True, True, True, False)
    expected = served[model].outputs()
    for name, kind in (("json", "application/json"), ("bytes", "application/octet-stream")):
        answer = found[name]
        assert (answer["id"], answer["model"], answer["type"]) == ("mine", model, kind)
        assert list(answer["outputs"]) == outputs
        for output in outputs:
            close(answer["outputs"][output]["data"], expected[output])
    assert "is missing" in found["refused"]
    assert "400 Bad Request" in found["refused"]


@pytest.mark.parametrize("model", ["iris", "iris-frame", "income"])
def test_protocol_v1(address: str, served: Mapping[str, Served], model: str) -> None:
    rows = served[model].rows
    given = {"model": model, "rows": rows.to_numpy().tolist()}
    found = drive("kserve", "kserve_v1", f"http://{address}", given=given)
    assert (found["live"], found["model ready"]) == (True, True)
    expected = served[model].original.predict(rows if model != "iris" else rows.to_numpy()).tolist()
    assert found["instances"] == found["inputs"] == {"predictions": expected}
    assert (found["malformed"][0], found["explain"][0], found["nobody"][0]) == (400, 501, 404)
    assert "row 0 is 5" in found["malformed"][1]
    assert "no explainer is deployed" in found["explain"][1]
    assert "no model" in found["nobody"][1]


def test_its_models_know_every_field_of_the_example() -> None:
    documents = list(yaml.safe_load_all((ROOT / "examples" / "containers" / "kserve.yaml").read_text()))
    assert drive("kserve", "kserve_resources", given=documents) == [[], []]
    runtime, service = documents
    del runtime["spec"]["containers"]
    runtime["spec"]["multimodel"] = "no"
    service["spec"]["predictor"]["model"]["modelFormat"] = {"version": 1}
    broken = drive("kserve", "kserve_resources", given=documents)
    assert [len(each) for each in broken] == [2, 1], broken
