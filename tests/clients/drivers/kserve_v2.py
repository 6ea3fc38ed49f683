"""KServe's REST client for protocol v2: health, readiness, predictions in JSON and in bytes, and a refusal."""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferOutput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def tensor(given, binary):
    made = InferInput(given["name"], given["shape"], given["datatype"])
    dtype = {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64, "BYTES": np.object_}[given["datatype"]]
    values = np.array(given["data"], dtype=dtype).reshape(given["shape"])
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def said(output: InferOutput):
    values = output.as_numpy()
    texts = [value.decode() if isinstance(value, bytes) else value for value in values.reshape(-1).tolist()]
    return {"shape": list(values.shape), "datatype": output.datatype, "data": texts}


async def main(base, given):
    client, found = InferenceRESTClient(RESTConfig(protocol="v2")), {}
    found["live"] = await client.is_server_live(base)
    found["ready"] = await client.is_server_ready(base)
    found["model ready"] = await client.is_model_ready(base, given["model"])
    found["no model ready"] = await client.is_model_ready(base, "nothing-of-the-kind")
    for name, binary in (("json", False), ("bytes", True)):
        outputs = [RequestedOutput(output, {"binary_data": binary}) for output in given["outputs"]]
        request = InferRequest(
            model_name=given["model"],
            infer_inputs=[tensor(one, binary) for one in given["inputs"]],
            request_outputs=outputs,
            request_id="mine",
        )
        headers = {}
        answer = await client.infer(base, request, model_name=given["model"], response_headers=headers)
        found[name] = {
            "id": answer.id,
            "model": answer.model_name,
            "type": headers["content-type"],
            "outputs": {output.name: said(output) for output in answer.outputs},
        }
    try:
        await client.infer(base, {"inputs": []}, model_name=given["model"])
    except httpx.HTTPStatusError as error:
        found["refused"] = str(error)
    return found


print(json.dumps(asyncio.run(main(sys.argv[1], json.load(sys.stdin)))))
