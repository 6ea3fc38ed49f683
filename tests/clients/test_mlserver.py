"""MLServer's command for batches and its codecs: their requests are answered, or refused with what to do."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clients.asking import close, metadata, tensors
from tests.clients.conftest import drive, environment
from tests.clients.models import Served

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("model", ["iris", "iris-frame", "income"])
@pytest.mark.parametrize("options", [(), ("--binary-data",), ("--batch-size", "4")], ids=["JSON", "bytes", "batches"])
def test_mlserver_infer(
    tmp_path: Path, address: str, served: Mapping[str, Served], model: str, options: tuple[str, ...]
) -> None:
    told, rows = metadata(address, model), served[model].rows[:10]
    lines = [json.dumps({"id": str(row), "inputs": tensors(told, rows[row : row + 1])}) for row in range(len(rows))]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    command = [str(environment("mlserver") / "bin" / "mlserver"), "infer", "-u", address, "-m", model]
    files = ("-i", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"))
    done = subprocess.run([*command, *files, *options], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    answers.sort(key=lambda answer: answer["parameters"]["batch_index"])
    assert len(answers) == len(rows), done.stdout + done.stderr
    for name, expected in served[model].outputs(rows).items():
        found = [output["data"] for answer in answers for output in answer["outputs"] if output["name"] == name]
        close([value for row in found for value in row], expected)


def asked(address: str, model: str, kind: str, **given: Any) -> dict[str, Any]:
    """What MLServer's codec ``kind`` makes of the answer to the request that it made."""
    made = {"model": model, "kind": kind, **given}
    found: dict[str, Any] = drive("mlserver", "mlserver_codecs", f"http://{address}", given=made)
    return found


@pytest.mark.parametrize("model", ["iris-frame", "income"])
def test_a_data_frame(address: str, served: Mapping[str, Served], model: str) -> None:
    rows = json.loads(served[model].rows.to_json(orient="records"))
    outputs = asked(address, model, "pd", rows=rows)["outputs"]
    for name, expected in served[model].outputs().items():
        close(outputs[name], expected)


def test_an_array(address: str, served: Mapping[str, Served]) -> None:
    values = served["iris"].rows.to_numpy().tolist()
    (told,) = metadata(address, "iris")["inputs"]
    given = {"values": values, "datatype": told["datatype"]}
    outputs = asked(address, "iris", "np", **given, input=told["name"])["outputs"]
    for name, expected in served["iris"].outputs().items():
        close(outputs[name], expected)
    refused = asked(address, "iris", "np", **given, input="predict")
    assert (refused["status"], refused["error"]) == (400, 'there is no input "predict"; inputs are "x"')


def test_texts(address: str) -> None:
    texts = ["a cat", "Grüße, 世界", ""]
    assert asked(address, "images", "str", texts=texts)["outputs"]["again"] == texts


def test_texts_in_base64_are_refused_and_not_taken_for_the_texts(address: str) -> None:
    refused = asked(address, "images", "base64", texts=["a cat"])
    assert refused["status"] == 400
    assert 'input "caption" has content_type "base64"; send the text itself' in refused["error"]
