"""The locustfile, as people run it: without a page, with it, and with what they change."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.loadtests.generating.conftest import MODEL
from tests.loadtests.serving import RightServer
from tests.runtime.serving.conftest import free_port

LOCUSTFILE = Path(__file__).resolve().parents[3] / "loadtests" / "locustfile.py"
LIMIT = 60


def command(*options: str, file: Path = LOCUSTFILE) -> list[str]:
    return [sys.executable, "-m", "locust", "-f", str(file), *options]


def environment(bundle: Path | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "LOCUST_SKIP_MONKEY_PATCH"}
    return kept if bundle is None else {**kept, "LADING_BUNDLE": str(bundle)}


def ran(options: Sequence[str], bundle: Path | None, file: Path = LOCUSTFILE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*options, file=file),
        env=environment(bundle),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_without_a_page_it_asks_at_the_rate_that_it_is_told(bundle_paths: dict[str, Path], server: RightServer) -> None:
    options = ["--headless", "--host", server.url, "-u", "4", "-r", "4", "-t", "3s", "--rate", "100", "--json"]
    rated = ran(options, bundle_paths[MODEL])
    assert rated.returncode == 0, rated.stderr
    found = {one["name"]: one["num_requests"] for one in json.loads(rated.stdout)}
    assert found.keys() <= {"V2 JSON, 1 row", "invalid"}
    assert sum(found.values()) >= 50


def test_failures_are_locusts_failures(bundle_paths: dict[str, Path]) -> None:
    with RightServer({}) as server:
        options = ["--headless", "--host", server.url, "-u", "2", "-r", "2", "-t", "3s", "--rate", "20"]
        failed = ran(options, bundle_paths[MODEL])
    assert failed.returncode == 1
    assert "404" in failed.stdout + failed.stderr


CHANGED = """
from locust import constant, task
from lading.loadtests import BundleUser
from lading.loadtests.plan import Share, Traffic

class Changed(BundleUser):
    bundle = {bundle!r}
    traffic = Traffic(protocols=("named", "v2-binary"), rows=(Share(rows=4),), golden=1.0, invalid=0)
    wait_time = constant(0.05)

    @task
    def once_more(self):
        self.ask()
"""


def test_people_extend_it(bundle_paths: dict[str, Path], server: RightServer, tmp_path: Path) -> None:
    file = tmp_path / "changed.py"
    file.write_text(CHANGED.format(bundle=str(bundle_paths[MODEL])))
    answered = ran(["--headless", "--host", server.url, "-u", "2", "-t", "3s", "--json"], None, file)
    names = {one["name"] for one in json.loads(answered.stdout)}
    assert names == {"named fields, 4 rows", "V2 binary, 4 rows"}, answered.stderr


def test_without_a_bundle_it_says_so_in_a_line() -> None:
    refused = ran(["--headless", "--host", "http://127.0.0.1:1", "-t", "1s"], None)
    assert refused.returncode == 2
    assert "Set LADING_BUNDLE" in refused.stderr
    assert "Traceback" not in refused.stderr


@contextmanager
def page(bundle: Path, host: str) -> Iterator[httpx.Client]:
    """Locust's own page, once it is there."""
    port = free_port()
    options = command("--host", host, "--web-host", "127.0.0.1", "--web-port", str(port))
    process = subprocess.Popen(options, env=environment(bundle), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=LIMIT) as client:
            eventually(lambda: answers(client))
            yield client
    finally:
        process.terminate()
        process.wait(LIMIT)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").is_success
    except httpx.TransportError:
        return False


def eventually(condition: Callable[[], Any]) -> None:
    until = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_locusts_own_page_works(bundle_paths: dict[str, Path], server: RightServer) -> None:
    def asked(client: httpx.Client, least: int) -> bool:
        stats = client.get("/stats/requests").raise_for_status().json()["stats"]
        found: dict[str, int] = {one["name"]: one["num_requests"] for one in stats}
        return found.get("V2 JSON, 1 row", 0) >= least

    with page(bundle_paths[MODEL], server.url) as client:
        assert "rate" in client.get("/").text
        for rate, least in (("0", 4), ("80", 20)):
            swarm = {"user_count": "4", "spawn_rate": "4", "host": server.url, "rate": rate}
            assert client.post("/swarm", data=swarm).json()["success"]
            eventually(partial(asked, client, least))
            assert client.post("/stop").json()["success"]
        eventually(lambda: client.get("/stats/requests").json()["state"] == "stopped")  # it is told some seconds late
