"""Requests to the model ``loops`` that take a known while."""

import time

import httpx
import orjson

PATH = "/models/loops/predict"


def body_that_takes(base: str, seconds: float) -> bytes:
    """The body of a request that takes the server at ``base`` about so many seconds of one processor."""
    rounds, taken = 500.0, 0.0
    with httpx.Client(base_url=base, timeout=60) as client:
        while taken <= seconds / 2:
            rounds *= 2
            taken = _taken(client, rounds)
            if taken > seconds / 2:  # or it was held up, which it is not three times
                taken = min(taken, _taken(client, rounds), _taken(client, rounds))
    return orjson.dumps({"rounds": rounds * seconds / taken})


def _taken(client: httpx.Client, rounds: float) -> float:
    """The seconds until so many rounds are answered."""
    begun = time.monotonic()
    assert client.post(PATH, json={"rounds": rounds}).status_code == 200
    return time.monotonic() - begun
