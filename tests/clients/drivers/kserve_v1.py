"""KServe's REST client for protocol v1: the server's life, readiness, predictions, and what it is refused."""

import asyncio
import json
import sys

import httpx
from kserve import InferenceRESTClient, RESTConfig


async def refused(asking):
    try:
        await asking
    except httpx.HTTPStatusError as error:
        return [error.response.status_code, str(error)]
    return None


async def main(base, given):
    client, found, model = InferenceRESTClient(RESTConfig(protocol="v1")), {}, given["model"]
    found["live"] = await client.is_server_live(base)
    found["model ready"] = await client.is_model_ready(base, model)
    for form in ("instances", "inputs"):
        found[form] = await client.infer(base, {form: given["rows"]}, model_name=model)
    found["malformed"] = await refused(client.infer(base, {"instances": [5]}, model_name=model))
    found["explain"] = await refused(client.explain(base, model, {"instances": given["rows"]}))
    found["nobody"] = await refused(client.is_model_ready(base, "nothing-of-the-kind"))
    return found


print(json.dumps(asyncio.run(main(sys.argv[1], json.load(sys.stdin)))))
