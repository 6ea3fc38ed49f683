"""Too little memory: the request that needs it is refused in every protocol, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

from lading.bundles.draft import write_bundle
from tests.runtime.drafts import hoards

BOUNDED = """
import asyncio, json, sys
import httpx
from lading.core.settings import MEBIBYTE, Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.serving.memory import LEAST, bound_memory

app = Application(Deployments.load([sys.argv[1]]), Settings())
bound_memory(0, threads=4)
LITTLE, MUCH = LEAST // MEBIBYTE // 2, LEAST // MEBIBYTE * 2

def tensor(value):
    return {"inputs": [{"name": "X", "shape": [1, 1], "datatype": "FP64", "data": [value]}]}

BODIES = {
    "/models/hoards/predict": lambda value: {"mebibytes": value},
    "/v2/models/hoards/infer": tensor,
    "/v1/models/hoards:predict": lambda value: {"instances": [value]},
    "/invocations": lambda value: {"dataframe_records": [{"mebibytes": value}]},
}

async def main():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
        for path, body in BODIES.items():
            for value in (LITTLE, 50 * MUCH, LITTLE):
                answer = await client.post(path, json=body(value))
                print(json.dumps([path, value, answer.status_code, answer.text]))
            bytearray(LEAST // 4)  # what was asked for in vain did not make the arena take all that there is

asyncio.run(main())
"""


def test_what_needs_more_than_is_left_is_refused_in_every_protocol(tmp_path: Path) -> None:
    path = tmp_path / "hoards.lading"
    write_bundle(hoards(), path)
    done = subprocess.run([sys.executable, "-c", BOUNDED, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [status for _, _, status, _ in answers] == [200, 413, 200] * 4, answers
    for asked, _, status, text in answers:
        assert status == 200 or "more memory than this server has left" in text, asked
