"""Requests as MLServer's codecs write them, sent as its own examples do, and the answers as its codecs read them."""

import asyncio
import json
import sys

import aiohttp
import numpy as np
import pandas as pd
from mlserver.codecs import Base64Codec, NumpyCodec, PandasCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, Parameters


def table(rows):
    frame = pd.DataFrame(rows)
    texts = frame.select_dtypes("str").columns
    return frame.astype(dict.fromkeys(texts, object))  # the codec knows no newer type for text


def matrix(given):
    values = np.array(given["values"], dtype={"FP32": np.float32, "FP64": np.float64}[given["datatype"]])
    inputs = [NumpyCodec.encode_input(given["input"], values)]
    return InferenceRequest(inputs=inputs, parameters=Parameters(content_type="np"))


def captions(codec, given):
    values = given["texts"] if codec is StringCodec else [text.encode() for text in given["texts"]]
    rows = len(values)
    return InferenceRequest(
        inputs=[
            NumpyCodec.encode_input("pixels", np.zeros((rows, 3, 4), np.float32)),
            NumpyCodec.encode_input("shift", np.zeros(rows, np.int8)).model_copy(update={"shape": [rows]}),
            codec.encode_input("caption", values, use_bytes=False),
        ]
    )


MAKE = {
    "pd": lambda given: PandasCodec.encode_request(table(given["rows"]), use_bytes=False),
    "np": matrix,
    "str": lambda given: captions(StringCodec, given),
    "base64": lambda given: captions(Base64Codec, given),
}


def decoded(output):
    if output.datatype == "BYTES":
        return StringCodec.decode_output(output)
    return NumpyCodec.decode_output(output).tolist()


async def main(base, given):
    body = MAKE[given["kind"]](given).model_dump_json()  # its nulls included
    url = f"{base}/v2/models/{given['model']}/infer"
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
        if response.status != 200:
            return {"status": response.status, **await response.json()}
        answer = InferenceResponse.model_validate(await response.json())
    return {"model": answer.model_name, "outputs": {output.name: decoded(output) for output in answer.outputs}}


print(json.dumps(asyncio.run(main(sys.argv[1], json.load(sys.stdin)))))
