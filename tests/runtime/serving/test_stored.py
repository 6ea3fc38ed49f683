"""What a server loads is what it checked: the file that it was given may be gone by then."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.bundles.store.store import Store
from lading.runtime.serving.warden import session_members
from tests.runtime.serving.conftest import told_of
from tests.runtime.serving.test_faults import until

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Serving, Start

PATH = "/v2/models/cells/infer"
BODY = b'{"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 1, 1, 2]}]}'
SECONDS = 60
pytestmark = pytest.mark.restarts


def engine_of(serving: "Serving") -> int:
    """The process that runs Ray Serve for the server."""
    pids = session_members(serving.sessions())
    (pid,) = (pid for pid in pids if "lading.runtime.serving.engine" in told_of(pid, "cmdline"))
    return pid


def answered(serving: "Serving") -> httpx.Response:
    """The answer to the request, once there is a replica."""
    deadline = time.monotonic() + SECONDS
    while True:
        answer = httpx.post(f"http://127.0.0.1:{serving.port}{PATH}", content=BODY, timeout=SECONDS)
        if answer.status_code != 503 or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def test_a_replica_that_takes_over_loads_the_bundle_that_was_checked(
    start: "Start", bundles: Mapping[str, Path], base: Path
) -> None:
    given = base / "given"
    with open_bundle(bundles["cells"]) as bundle:
        copy_bundle(bundle, given)
        digest = bundle.digest
    serving = start([given], "--replicas", "1")
    serving.ready()
    store = Store(serving.folder / "store" / "lading")
    assert store.collect(time.time() + SECONDS) == [], "what is served is in use"
    (given / "model" / "model.onnx").write_bytes(b"another model")
    before = httpx.post(f"http://127.0.0.1:{serving.port}{PATH}", content=BODY)
    (replica,) = serving.pids("ray::ServeReplica")
    os.kill(replica, signal.SIGKILL)
    until(lambda: serving.pids("ray::ServeReplica") not in ([], [replica]), serving)
    after = answered(serving)
    assert (before.status_code, after.status_code) == (200, 200), serving.said()
    assert after.headers["lading-bundle-digest"] == before.headers["lading-bundle-digest"] == digest
    serving.process.terminate()
    serving.process.wait(SECONDS)
    assert [one.digest for one in store.collect(time.time() + SECONDS)] == [digest]


def test_a_replica_that_dies_before_its_rollout_is_seen_to_succeed_is_replaced(
    start: "Start", bundles: Mapping[str, Path]
) -> None:
    serving = start([bundles["cells"]], "--replicas", "1")
    until(lambda: any(serving.folder.glob("lading-*/slot*.lock")), serving)  # the replica begins to load
    engine = engine_of(serving)
    os.kill(engine, signal.SIGSTOP)
    serving.ready()
    (replica,) = serving.pids("ray::ServeReplica")
    os.kill(replica, signal.SIGKILL)
    until(lambda: serving.pids("ray::ServeReplica") not in ([], [replica]), serving)
    os.kill(engine, signal.SIGCONT)
    assert answered(serving).status_code == 200, serving.said()
    assert engine_of(serving) == engine


def test_a_copy_that_was_damaged_is_replaced_by_the_bundle_that_is_served(
    start: "Start", bundles: Mapping[str, Path], base: Path
) -> None:
    store = Store(base / "kept")
    with store.bring(bundles["cells"]) as brought:
        brought.path.write_bytes(brought.path.read_bytes()[:-100])
    serving = start([bundles["cells"]], "--replicas", "1", LADING_STORE_FOLDER=str(store.path))
    serving.ready()
    serving.until_said("the copy of cells 1.0.0, was damaged and was replaced")
    assert httpx.post(f"http://127.0.0.1:{serving.port}{PATH}", content=BODY).status_code == 200


def test_a_server_without_a_place_for_a_store_keeps_bundles_for_its_own_time(
    start: "Start", bundles: Mapping[str, Path], base: Path
) -> None:
    (base / "file").write_text("")
    serving = start([bundles["cells"]], "--replicas", "1", XDG_CACHE_HOME=str(base / "file"))
    serving.ready()
    assert httpx.post(f"http://127.0.0.1:{serving.port}{PATH}", content=BODY).status_code == 200
    serving.until_said("bundles are kept for as long as the server runs")
