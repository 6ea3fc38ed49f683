"""The policy on a real server: what nobody signed is not loaded, what answers goes on, and the server says why."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.evidence.adding import add_evidence
from lading.core.errors import PolicyError
from lading.runtime.administration.author import author
from lading.runtime.administration.client import Client, deployment
from lading.runtime.administration.state import State
from lading.runtime.administration.state_folder import StateFolder
from tests.runtime.administration.times import PATH, REQUEST, answer, times
from tests.runtime.serving.conftest import START_SECONDS, Serving, Start
from tests.signatures import People, envelope, everybody, load_result, statement

LADING = Path(sys.executable).parent / "lading"

pytestmark = pytest.mark.restarts


class Guarded:
    """A server that enforces a policy, and bundles that are signed or not."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.people, self.state = folder, everybody(), folder / "state"
        self.trust = self.people.trust_file(folder, "release")
        self.bundles = {factor: times(factor, folder) for factor in (1, 2, 3)}
        for factor in (1, 3):
            self.sign(factor)
        options = ("--state", str(self.state), "--trust", str(self.trust), "--replicas", "2")
        self.serving = Serving([self.bundles[1]], *options)
        self.serving.ready()
        self.client = Client(self.state)

    def sign(self, factor: int, name: str = "release") -> None:
        """Sign a version."""
        path = self.bundles[factor]
        add_evidence(path, {f"evidence/{name}.json": envelope(statement(path), self.people.signers[name])})

    def deploy(self, factor: int, then: str = "", **wish: Any) -> Any:
        """Deploy a version."""
        _, brought = StateFolder(self.state).bring(self.bundles[factor])
        return self.client.call("PUT", deployment("times", then=then), {"digest": brought.digest, **wish})

    def get(self, path: str, **headers: str) -> httpx.Response:
        """What is answered on a path."""
        return httpx.get(f"http://127.0.0.1:{self.serving.port}{path}", headers=headers)

    def asked(self) -> bytes:
        """The answer to one prediction."""
        return httpx.post(f"http://127.0.0.1:{self.serving.port}{PATH}", content=REQUEST).content


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    one = Guarded(tmp_path_factory.mktemp("guarded"))
    try:
        yield one
    finally:
        one.serving.close()


def test_what_was_enforced_is_told_wherever_the_model_is(guarded: Guarded) -> None:
    said = {"file": "evidence/release.json", "kind": "signature", "outcome": "verified", "keys": ["release"], "why": ""}
    for found in (guarded.get("/models/times").json(), guarded.get("/lineage").json()["models"][0]):
        assert found["evidence"] == [said]
        assert found["policy"] == {"mode": "enforce", "problems": []}
    for path in ("/", "/page/times"):
        page = guarded.get(path, accept="text/html").text
        assert "Signed by release" in page
        assert "the policy is enforced" in page


@pytest.mark.parametrize("then", ["", "/canary", "/shadow"])
def test_what_nobody_signed_is_refused_and_what_answers_goes_on(then: str, guarded: Guarded) -> None:
    before = guarded.client.call("GET", "/history")
    share = {"share": 0.5} if then == "/canary" else {}
    with pytest.raises(PolicyError, match="no signature of a trusted key") as caught:
        guarded.deploy(2, then, **share)
    assert caught.value.exit_code == 5
    assert guarded.asked() == answer(1)
    assert guarded.client.call("GET", "/history") == before
    guarded.serving.until_said("the policy refuses times 2.0.0")


def test_it_is_the_command_that_says_so(guarded: Guarded) -> None:
    command: list[str | Path] = [LADING, "deploy", "times", guarded.bundles[2], "--state", guarded.state]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 5
    assert "the policy refuses times 2.0.0" in ran.stderr
    warned = [*command, "--trust", guarded.trust, "--policy", "warn"]
    ran = subprocess.run(warned, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 5
    assert "warning: times 2.0.0: it has no signature" in ran.stderr
    ran = subprocess.run([*command, "--trust", guarded.trust], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 5


def test_what_is_older_is_refused_and_may_be_allowed(guarded: Guarded) -> None:
    guarded.deploy(3)
    assert guarded.asked() == answer(3)
    with pytest.raises(PolicyError, match=r"version 1\.0\.0 is older than 3\.0\.0"):
        guarded.deploy(1)
    assert guarded.asked() == answer(3)
    guarded.client.call("POST", deployment("times", then="/rollback"), {})
    assert guarded.asked() == answer(1)
    guarded.deploy(3)
    guarded.deploy(1, allow_older=True)
    assert guarded.asked() == answer(1)
    history = guarded.client.call("GET", "/history")["history"]
    assert [change["allow_older"] for change in history[-2:]] == [False, True]
    ran = subprocess.run([LADING, "status", "--state", guarded.state], capture_output=True, text=True, check=True)
    assert "older allowed" in ran.stdout
    guarded.serving.until_said(", older allowed, by somebody")


def test_evidence_that_comes_later_is_carried_along(guarded: Guarded) -> None:
    guarded.sign(2, "stranger")
    with pytest.raises(PolicyError, match="by a key that is trusted here"):
        guarded.deploy(2)
    guarded.sign(2)
    guarded.deploy(2)
    assert guarded.asked() == answer(2)
    judged = guarded.get("/models/times").json()["evidence"]
    assert [one["outcome"] for one in judged] == ["verified", "not trusted"]
    guarded.deploy(1, allow_older=True)


def test_a_copy_without_its_signature_takes_none_away(guarded: Guarded) -> None:
    stripped = times(1, guarded.folder / "state" / "bundles").rename(guarded.folder / "stripped.lading")
    StateFolder(guarded.state).bring(stripped)
    with open_bundle(guarded.bundles[1]) as bundle:
        kept = StateFolder(guarded.state).bundle(bundle.digest)
    with open_bundle(kept) as bundle:
        assert list(bundle.evidence()) == ["evidence/release.json"]


def test_whom_to_trust_is_read_again(guarded: Guarded) -> None:
    """With a trust file that trusts another the server keeps what it has, and says so; with both it goes on."""
    before = guarded.trust.read_text()
    guarded.people.trust_file(guarded.folder, "backup")
    guarded.serving.signal(signal.SIGHUP)
    guarded.serving.until_said("the replicas stay as they are: the policy refuses times 1.0.0")
    guarded.sign(1, "backup")
    guarded.trust.write_text(before)
    guarded.deploy(3)
    guarded.people.trust_file(guarded.folder, "backup")
    guarded.serving.signal(signal.SIGHUP)
    guarded.serving.until_said("the replicas stay as they are: the policy refuses times 3.0.0")
    assert guarded.asked() == answer(3)
    guarded.trust.write_text(before)
    guarded.deploy(1, allow_older=True)
    assert guarded.asked() == answer(1)
    guarded.people.trust_file(guarded.folder, "release", "backup")
    guarded.serving.signal(signal.SIGHUP)
    guarded.serving.until_said("fresh replicas answer")
    assert guarded.asked() == answer(1)


def test_a_server_does_not_start_with_what_nobody_signed(start: Start, tmp_path: Path) -> None:
    people = everybody()
    serving = start([times(2, tmp_path)], "--trust", str(people.trust_file(tmp_path, "release")))
    assert serving.ends() == 5
    assert "the policy refuses times 2.0.0" in serving.said()
    assert "starting Ray" not in serving.said()


def left_behind(folder: Path, people: People, factor: int, *names: str) -> Path:
    """A state folder in which that version is deployed, signed by those."""
    path, state = times(factor, folder), StateFolder(folder / "state")
    for name in names:
        add_evidence(path, {f"evidence/{name}.json": envelope(statement(path), people.signers[name])})
    name, bundle = state.bring(path)
    state.write(State().deploy(name, bundle, author("ada")))
    return state.path


def test_what_a_server_finds_deployed_must_pass_too(start: Start, tmp_path: Path) -> None:
    people = everybody()
    state = left_behind(tmp_path, people, 2, "stranger")
    serving = start([], "--state", str(state), "--trust", str(people.trust_file(tmp_path, "release")))
    assert serving.process.wait(START_SECONDS) == 5
    assert "the policy refuses times 2.0.0" in serving.said()


def test_a_server_is_not_given_an_older_bundle_than_it_has(start: Start, tmp_path: Path) -> None:
    people = everybody()
    state = left_behind(tmp_path, people, 3, "release")
    older = times(1, tmp_path)
    add_evidence(older, {"evidence/release.json": envelope(statement(older), people.signers["release"])})
    trust = people.trust_file(tmp_path, "release")
    serving = start([older], "--state", str(state), "--trust", str(trust))
    assert serving.ends() == 5
    assert "version 1.0.0 is older than 3.0.0" in serving.said()


def test_bundles_that_are_read_again_are_no_older_without_a_state_folder_either(start: Start, tmp_path: Path) -> None:
    people, path = everybody(), tmp_path / "times.lading"

    def put(factor: int) -> None:
        times(factor, tmp_path).rename(path)
        add_evidence(path, {"evidence/release.json": envelope(statement(path), people.signers["release"])})

    put(2)
    serving = start([path], "--trust", str(people.trust_file(tmp_path, "release")), "--replicas", "1")
    serving.ready()
    put(3)
    serving.signal(signal.SIGHUP)
    serving.until_said("fresh replicas answer")
    put(2)
    serving.signal(signal.SIGHUP)
    serving.until_said("the replicas stay as they are: version 2.0.0 is older than 3.0.0")
    assert httpx.post(f"http://127.0.0.1:{serving.port}{PATH}", content=REQUEST).content == answer(3)


def test_a_server_that_warns_serves_and_tells(start: Start, tmp_path: Path) -> None:
    people = everybody()
    trust = people.trust_file(tmp_path, "release")
    serving = start([times(2, tmp_path)], "--trust", str(trust), "--policy", "warn", "--replicas", "1")
    serving.ready()
    serving.until_said("times 2.0.0: it has no signature of a trusted key")
    found = httpx.get(f"http://127.0.0.1:{serving.port}/models/times").json()
    assert found["policy"] == {"mode": "warn", "problems": ["it has no signature of a trusted key"]}
    page = httpx.get(f"http://127.0.0.1:{serving.port}/", headers={"accept": "text/html"}).text
    assert "the policy only warns: it has no signature of a trusted key" in page


def load_tested(path: Path, people: People, result: str) -> None:
    """Add evidence of a load test of that ``result``."""
    said = envelope(statement(path, "load-test", load_result(result)), people.signers["release"])
    add_evidence(path, {f"evidence/load-test-{result}.json": said})


def test_what_did_not_pass_its_load_test_is_not_loaded(start: Start, tmp_path: Path) -> None:
    people, bundles = everybody(), {factor: times(factor, tmp_path) for factor in (1, 2)}
    for path in bundles.values():
        add_evidence(path, {"evidence/release.json": envelope(statement(path), people.signers["release"])})
    trust = people.trust_file(tmp_path, "release", then='[require]\n"*" = ["load-test"]\n')
    load_tested(bundles[1], people, "FAILED")
    options = ("--state", str(tmp_path / "state"), "--trust", str(trust), "--replicas", "1")
    refused = start([bundles[1]], *options)
    assert refused.ends() == 5
    assert "it has no load-test of a trusted key (evidence/load-test-FAILED.json is failed" in refused.said()

    load_tested(bundles[1], people, "PASSED")
    serving = start([bundles[1]], *options)
    serving.ready()
    client = Client(tmp_path / "state")

    def deploy(factor: int) -> None:
        _, brought = StateFolder(tmp_path / "state").bring(bundles[factor])
        client.call("PUT", deployment("times"), {"digest": brought.digest})

    def asked() -> bytes:
        return httpx.post(f"http://127.0.0.1:{serving.port}{PATH}", content=REQUEST).content

    address = f"http://127.0.0.1:{serving.port}/models/times"
    assert [one["outcome"] for one in httpx.get(address).json()["evidence"]] == ["failed", "verified", "verified"]
    with pytest.raises(PolicyError, match="no load-test of a trusted key"):
        deploy(2)
    load_tested(bundles[2], people, "FAILED")
    with pytest.raises(PolicyError, match="is failed, says release: its result is FAILED"):
        deploy(2)
    assert asked() == answer(1)
    load_tested(bundles[2], people, "PASSED")
    deploy(2)
    assert asked() == answer(2)
