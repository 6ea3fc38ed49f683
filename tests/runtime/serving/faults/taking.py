"""Requests to the model ``loops`` that take a known while."""

import time

import httpx
import orjson

PATH = "/models/loops/predict"


def body_that_takes(base: str, seconds: float) -> bytes:
    """The body of a request that takes the server at ``base`` about so many seconds of one processor."""
    rounds = 1000.0
    with httpx.Client(base_url=base) as client:
        while True:
            begun = time.monotonic()
            assert client.post(PATH, json={"rounds": rounds}).status_code == 200
            taken = time.monotonic() - begun
            if taken > seconds / 2:
                return orjson.dumps({"rounds": rounds * seconds / taken})
            rounds *= 2
