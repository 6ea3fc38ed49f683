"""KServe's REST client: health, readiness, predictions in JSON and in bytes, and what it is refused."""

from collections.abc import Mapping

import pytest

from tests.clients.asking import close, metadata, tensors
from tests.clients.conftest import drive
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
