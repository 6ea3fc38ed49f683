"""Hot swap on real servers: what is deployed changes under load, all replicas or none, and outlives the server."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from lading.core.errors import IntegrityError, LadingError, UsageError
from lading.runtime.administration.client import deployment
from lading.runtime.administration.state_folder import StateFolder
from lading.runtime.serving.standing import lives, read_standings
from lading.runtime.serving.warden import session_members
from tests.runtime.administration.times import PATH, REQUEST, answer, failing, lying, unfit
from tests.runtime.serving.administered import Administered
from tests.runtime.serving.conftest import free_port
from tests.runtime.serving.test_faults import until

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Load

LADING = Path(sys.executable).parent / "lading"
RATE = 200.0
SWAPS = 50

pytestmark = pytest.mark.restarts


@pytest.fixture(scope="module")
def administered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Administered]:
    """A server with two replicas, shared by this module's tests."""
    one = Administered(tmp_path_factory.mktemp("swap"), "--replicas", "2")
    try:
        yield one
    finally:
        one.serving.close()


@pytest.fixture
def fresh(administered: Administered) -> Administered:
    """The same, with version 1 deployed."""
    administered.deploy(1)
    return administered


def test_swaps_under_load_lose_nothing_and_every_answer_is_of_the_version_that_it_names(
    fresh: Administered, load: Callable[..., "Load"]
) -> None:
    fresh.deploy(2)
    before = [(process.pid, process.num_threads()) for process in fresh.replicas()]
    steady = load(fresh.serving, PATH, REQUEST, RATE)
    for turn in range(SWAPS):
        factor = 1 + turn % 2
        fresh.deploy(factor)
        assert fresh.asked().content == answer(factor), "what was there before is gone once it is said to be done"
    answers = steady.stop()
    assert set(answers) == {"200"}, answers
    assert steady.bodies == {answer(1), answer(2)}
    for process, (pid, threads) in zip(fresh.replicas(), before, strict=True):
        assert process.pid == pid
        assert process.num_threads() <= threads + SWAPS // 2


@pytest.mark.parametrize(
    ("make", "said"),
    [pytest.param(lying, "golden row", id="golden rows"), pytest.param(unfit, "signature", id="the signature")],
)
def test_a_bundle_that_proves_wrong_changes_nothing_and_says_why(
    fresh: Administered, load: Callable[..., "Load"], make: Callable[[Path, Path], Path], said: str
) -> None:
    _, wrong = StateFolder(fresh.state).bring(make(fresh.path, fresh.folder))
    history = fresh.client.call("GET", "/history")
    steady = load(fresh.serving, PATH, REQUEST, RATE)
    with pytest.raises(IntegrityError, match=said):
        fresh.client.call("PUT", deployment("times"), {"digest": wrong.digest})
    answers = steady.stop()
    assert set(answers) == {"200"}, answers
    assert steady.bodies == {answer(1)}
    assert fresh.client.call("GET", "/history") == history
    fresh.serving.until_said(said)


def test_a_bundle_that_is_damaged_in_the_folder_is_not_deployed(fresh: Administered) -> None:
    path = StateFolder(fresh.state).bundle(fresh.digests[3])
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(IntegrityError):
        fresh.deploy(3)
    path.write_bytes(whole)
    assert fresh.asked().content == answer(1)


def test_a_bundle_that_the_server_does_not_have_is_refused(fresh: Administered) -> None:
    with pytest.raises(LadingError, match="has no bundle sha256:0000"):
        fresh.client.call("PUT", deployment("times"), {"digest": "sha256:" + "0" * 64})


@pytest.mark.parametrize(
    "document",
    [{}, {"digest": "penguins-1.0.0.lading"}, {"digest": "sha256:" + "0" * 64, "path": "/etc/passwd"}],
    ids=["nothing", "a path", "more than is asked"],
)
def test_a_bundle_is_named_by_its_digest_alone(fresh: Administered, document: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="body"):
        fresh.client.call("PUT", deployment("times"), document)


def test_what_is_deployed_twice_is_changed_once(fresh: Administered) -> None:
    fresh.deploy(2)
    history = fresh.client.call("GET", "/history")
    fresh.deploy(2)
    assert fresh.client.call("GET", "/history") == history


def test_a_rollback_brings_back_the_same_bytes(fresh: Administered) -> None:
    before = fresh.asked().content
    fresh.deploy(2)
    assert fresh.asked().content == answer(2)
    fresh.client.call("POST", deployment("times", then="/rollback"), {})
    assert fresh.asked().content == before


def test_a_bundle_answers_to_another_name_and_then_to_none(fresh: Administered) -> None:
    fresh.client.call("PUT", deployment("other"), {"digest": fresh.digests[2]})
    told = fresh.asked("/v2/models/other/infer").json()
    assert (told["model_name"], told["outputs"][0]["data"]) == ("other", [14.0])
    assert fresh.asked().content == answer(1)
    fresh.client.call("DELETE", deployment("other"), {})
    assert fresh.asked("/v2/models/other/infer").status_code == 404
    fresh.client.call("POST", "/v2/repository/models/other/load", {})
    assert fresh.asked("/v2/models/other/infer").status_code == 200
    fresh.client.call("POST", "/v2/repository/models/other/unload", {})
    assert fresh.asked("/v2/models/other/infer").status_code == 404
    index = {model["name"]: model["state"] for model in fresh.client.call("POST", "/v2/repository/index", {})}
    assert index == {"other": "UNAVAILABLE", "times": "READY"}


def test_a_killed_replica_comes_back_with_what_is_deployed(fresh: Administered) -> None:
    fresh.deploy(2)
    before = fresh.replicas()
    for process in before:
        process.kill()
    deadline = time.monotonic() + 60
    found = b""
    while found != answer(2):
        assert time.monotonic() < deadline, found
        with suppress(httpx.HTTPError):
            found = fresh.asked().content
            assert found in {answer(2)} or b"error" in found
    fresh.serving.until_said("2 replicas answer again")


def test_what_a_killed_replica_has_left_keeps_no_version_from_being_deployed(fresh: Administered) -> None:
    (run,) = fresh.serving.folder.glob("lading-*")

    def there() -> dict[str, int]:
        return {name: one.pid for name, one in read_standings(run).items() if lives(one.pid)}

    replaced(fresh)
    while max(slots := there()) == "slot1":  # whoever takes over for the last is to have another slot
        replaced(fresh)
    last = slots[max(slots)]
    os.kill(last, signal.SIGKILL)
    until(lambda: len(found := there()) == 2 and last not in found.values(), fresh.serving)
    assert last in [one.pid for one in read_standings(run).values()], "what it said of itself is still there"
    fresh.deploy(2)
    assert fresh.asked().content == answer(2)


def replaced(one: Administered) -> None:
    """Have fresh replicas take over."""
    before = {process.pid for process in one.replicas()}
    one.serving.signal(signal.SIGHUP)
    until(lambda: before.isdisjoint(now := one.serving.pids("ray::ServeReplica")) and len(now) == 2, one.serving)


def test_a_canary_is_promoted_and_loses_nothing(fresh: Administered, load: Callable[..., "Load"]) -> None:
    steady = load(fresh.serving, PATH, REQUEST, RATE)
    wish = {"digest": fresh.digests[2], "share": 0.5}
    assert fresh.client.call("PUT", deployment("times", then="/canary"), wish)["canary"]["share"] == 0.5
    assert {fresh.asked().content for _ in range(40)} == {answer(1), answer(2)}
    fresh.client.call("POST", deployment("times", then="/promote"), {})
    assert {fresh.asked().content for _ in range(20)} == {answer(2)}
    answers = steady.stop()
    assert set(answers) == {"200"}, answers
    fresh.client.call("POST", deployment("times", then="/rollback"), {})
    assert fresh.asked().content == answer(1)


def test_a_canary_that_fails_is_aborted_and_the_history_says_why(
    fresh: Administered, load: Callable[..., "Load"]
) -> None:
    _, bad = StateFolder(fresh.state).bring(failing(fresh.folder))
    wish = {"digest": bad.digest, "share": 0.3, "limits": {"failures": 0.05}}
    fresh.client.call("PUT", deployment("times", then="/canary"), wish)
    steady = load(fresh.serving, PATH, REQUEST, RATE)
    deadline = time.monotonic() + 60
    while fresh.client.call("GET", deployment("times"))["canary"] is not None:
        assert time.monotonic() < deadline, fresh.client.call("GET", "/deployments")
        time.sleep(0.1)
    steady.stop()
    last = fresh.client.call("GET", "/history")["history"][-1]
    assert (last["action"], last["who"], last["tried"]["version"]) == ("abort", "lading", "4.0.0")
    assert "of its" in last["why"]
    assert {fresh.asked().content for _ in range(20)} == {answer(1)}


def test_a_shadow_is_told_of_and_taken_back(fresh: Administered) -> None:
    wish = {"digest": fresh.digests[3], "why": "nobody else knows"}
    fresh.client.call("PUT", deployment("times", then="/shadow"), wish)
    deadline = time.monotonic() + 30
    while (told := fresh.client.call("GET", "/deployments")["deployments"]["times"]["figures"]["shadow"])["rows"] == 0:
        assert time.monotonic() < deadline, told
        assert fresh.asked().content == answer(1)
        time.sleep(0.1)
    assert told["differing"] == told["rows"]
    assert told["largest"] == 14.0
    assert told["p50_seconds"] <= told["p99_seconds"]
    shown = fresh.asked_page()
    assert 'aria-label="Shadow 3.0.0 of times"' in shown
    assert "nobody else knows" not in shown
    assert "nobody else knows" in str(fresh.client.call("GET", "/history"))
    assert fresh.client.call("DELETE", deployment("times", then="/shadow"), {})["shadow"] is None


def test_the_commands_do_it_too(fresh: Administered) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(LADING), *arguments, "--state", str(fresh.state)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    done = run("deploy", "times", str(fresh.folder / "times-2.lading"), "--why", "it is twice as good", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["bundle"]["digest"] == fresh.digests[2]
    assert fresh.asked().content == answer(2)
    shown = run("status")
    assert "it is twice as good" in shown.stdout
    assert "2.0.0" in shown.stdout
    assert run("rollback", "times").returncode == 0
    assert fresh.asked().content == answer(1)
    refused = run("deploy", "times", str(lying(fresh.path, fresh.folder)))
    assert (refused.returncode, "golden row" in refused.stderr) == (4, True)
    assert run("undeploy", "nothing").returncode == 2
    assert run("rollback", "nothing").returncode == 2


def test_a_bundle_may_come_on_standard_input(fresh: Administered) -> None:
    command = [str(LADING), "deploy", "times", "-", "--state", str(fresh.state)]

    def given(archive: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, input=archive, capture_output=True, timeout=60, check=False)

    archive = (fresh.folder / "times-3.lading").read_bytes()
    assert given(archive).returncode == 0
    assert fresh.asked().content == answer(3)
    cut = given(archive[:-1])
    assert (cut.returncode, b"standard-input.lading" in cut.stderr) == (4, True)
    assert [each.name for each in fresh.state.iterdir() if each.name.startswith(".given-")] == []


def test_health_asks_the_edge(fresh: Administered) -> None:
    command = [str(LADING), "health", "--state", str(fresh.state)]
    healthy = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (healthy.returncode, healthy.stdout) == (0, "ready: 2 replicas answer\n")
    (edge,) = fresh.serving.pids("haproxy")
    os.kill(edge, signal.SIGSTOP)  # it would be started again, were it killed
    try:
        assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0
    finally:
        os.kill(edge, signal.SIGCONT)


def test_what_is_deployed_outlives_the_server_and_needs_no_file_of_before(tmp_path: Path) -> None:
    port = free_port()
    one = Administered(tmp_path, "--replicas", "1", LADING_ADMIN_PORT=str(port))
    try:
        one.deploy(2, "better")
        (tmp_path / "times-2.lading").unlink()
        history = one.client.call("GET", "/history")
        one.again()
        assert one.asked().content == answer(2)
        assert one.client.call("GET", "/history") == history
        one.client.call("POST", deployment("times", then="/rollback"), {})
        assert one.asked().content == answer(1)
        token = (one.state / "admin.token").read_text()
        url, bearer = f"http://127.0.0.1:{port}/deployments", {"authorization": f"Bearer {token}"}
        assert httpx.get(url).status_code == 401
        assert httpx.get(url, headers={"authorization": "Bearer " + "0" * 64}).status_code == 401
        assert httpx.get(url, headers=bearer).json()["deployments"]["times"]["bundle"]["version"] == "1.0.0"
        assert httpx.get(url, headers={**bearer, "origin": "http://127.0.0.1"}).status_code == 403
        assert httpx.get(url, headers={**bearer, "host": "rebound.example:80"}).status_code == 421
        assert httpx.get(f"http://127.0.0.1:{port}/anything", headers=bearer).status_code == 404
    finally:
        one.serving.close()


def test_a_server_killed_in_the_middle_of_a_swap_begins_with_the_old_or_the_new(tmp_path: Path) -> None:
    one = Administered(tmp_path, "--replicas", "1")
    chance = random.Random(3)
    try:
        for turn in range(4):
            change = threading.Thread(target=_changed, args=(one, 2 + turn % 2))
            change.start()
            time.sleep(chance.uniform(0, 0.3))
            sessions = one.serving.sessions()
            os.kill(one.serving.process.pid, signal.SIGKILL)
            change.join()
            while session_members(sessions) or one.serving.leftovers():
                time.sleep(0.05)  # the warden clears up
            one.again()
            state = StateFolder(one.state).read()
            version = state.get("times").bundle.version
            assert version in {"1.0.0", "2.0.0", "3.0.0"}
            assert one.asked().content == answer(int(version[0]))
    finally:
        one.serving.close()


def _changed(one: Administered, factor: int) -> None:
    """Deploy, on a server that may be killed meanwhile."""
    with suppress(LadingError):
        one.deploy(factor)
