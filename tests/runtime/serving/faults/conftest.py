"""Models that take a known while, on real servers."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import orjson
import pytest

from tests.runtime.serving.faults.open_loop import request

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Serving

PATH = "/models/loops/predict"


@pytest.fixture(scope="session")
def taking() -> Callable[["Serving", float], bytes]:
    """Makes a request for a server's model ``loops`` that takes about so many seconds of one processor."""

    def made(serving: "Serving", seconds: float) -> bytes:
        url, rounds = f"http://127.0.0.1:{serving.port}{PATH}", 1000.0
        with httpx.Client() as client:
            while True:
                begun = time.monotonic()
                assert client.post(url, json={"rounds": rounds}).status_code == 200
                taken = time.monotonic() - begun
                if taken > seconds / 2:
                    break
                rounds *= 2
        return request(PATH, orjson.dumps({"rounds": rounds * seconds / taken}))

    return made
