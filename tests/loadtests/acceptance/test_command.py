"""The command as people call it: a good end, wrong input, Ctrl-C, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from lading.bundles.bundle import open_bundle
from lading.loadtests.conducting.own import OwnServer
from lading.loadtests.reporting.document import read_result
from lading.runtime.serving.keys_file import add_key
from tests.authority import Authority
from tests.loadtests.lines import line
from tests.runtime.serving.conftest import Serving

pytestmark = [pytest.mark.restarts, pytest.mark.timeout(600)]

LADING = Path(sys.executable).with_name("lading")
RUN = "https://ci.example.org/runs/1"
Served = Callable[[Path], OwnServer]
Ran = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def server(served: Served, prompt: Path) -> OwnServer:
    return served(prompt)


@pytest.fixture
def serve() -> Iterator[Callable[..., Serving]]:
    """Starts a server as a user does; it is ended when the test is over."""
    with ExitStack() as opened:

        def begin(bundles: list[Path], *options: str) -> Serving:
            return opened.enter_context(closing(Serving(bundles, *options)))

        yield begin


def far_away(came: float) -> float:
    """When an answer comes so late that no lateness of a generator on a busy machine matters."""
    return came + 1.5


def lading(folder: Path, *arguments: str | Path) -> Ran:
    command: list[str | Path] = [LADING, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_a_bundle_is_served_tested_and_gets_its_evidence(prompt: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "laps.lading"
    bundle.write_bytes(prompt.read_bytes())
    assert lading(tmp_path, "keygen", "ci.key").returncode == 0
    options = ["--slo", "p95=20s", "--rate", "20", "--seconds", "8", "--warm-up", "1", "--replicas", "1"]
    ran = lading(tmp_path, "loadtest", bundle, *options, "--key", "ci.key", "--run-url", RUN, "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["verdict"] == "passed"
    assert told["evidence"]["kind"] == "load-test"
    result = read_result(tmp_path / "laps-1.0.0-loadtest" / "report.json")
    assert result.candidate.lading == version("lading")
    [step] = [one for one in result.steps if one.purpose == "load"]
    assert step.phases is not None
    assert step.phases.compute > 0
    assert any(sample.server_cpu for sample in step.machine)
    assert any(sample.server_bytes for sample in step.machine)
    assert {path.name for path in (tmp_path / "laps-1.0.0-loadtest").iterdir()} == {
        "report.json", "report.html", "report.xml"
    }  # fmt: skip
    assert "load-test" in lading(tmp_path, "inspect", bundle).stdout
    with open_bundle(bundle) as opened:
        [envelope] = opened.evidence().values()
    assert json.loads(b64decode(json.loads(envelope)["payload"]))["predicate"]["url"] == RUN


def test_a_missed_objective_ends_with_one(server: OwnServer, prompt: Path, tmp_path: Path) -> None:
    options = ["--slo", "p50=1us", "--rate", "20", "--seconds", "5", "--warm-up", "0", "--out", "here"]
    with line(server.endpoint.url, far_away) as far:
        ran = lading(tmp_path, "loadtest", far, "--bundle", prompt, *options)
    assert ran.returncode == 1
    assert "Failed" in ran.stdout
    assert "p50=1us" in ran.stdout
    assert read_result(tmp_path / "here" / "report.json").verdict == "failed"


def test_what_no_rate_meets_has_no_capacity(server: OwnServer, prompt: Path, tmp_path: Path) -> None:
    options = ["--slo", "p50=1us", "--shape", "capacity", "--rate", "0.3", "--seconds", "3", "--warm-up", "0"]
    with line(server.endpoint.url, far_away) as far:
        ran = lading(tmp_path, "loadtest", far, "--bundle", prompt, *options)
    assert ran.returncode == 1
    assert "not even 0.15 requests a second met the objectives" in ran.stdout


def test_ctrl_c_keeps_what_was_measured(prompt: Path, tmp_path: Path) -> None:
    options = ["--rate", "20", "--seconds", "300", "--warm-up", "1", "--replicas", "1"]
    command: list[str | Path] = [LADING, "loadtest", prompt, *options]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = ""
    for told in process.stderr:  # until the first line of the board that is no warm-up
        said += told
        if "constant, " in told:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130, said + out
    result = read_result(tmp_path / "laps-1.0.0-loadtest" / "report.json")
    assert result.verdict == "none"
    assert not result.complete
    assert any(step.answered for step in result.steps if step.purpose == "load")
    assert "partial" in (tmp_path / "laps-1.0.0-loadtest" / "report.html").read_text()


def test_a_load_test_that_is_killed_leaves_no_process(prompt: Path, tmp_path: Path) -> None:
    options = ["--rate", "20", "--seconds", "300", "--warm-up", "0", "--replicas", "1"]
    command: list[str | Path] = [LADING, "loadtest", prompt, *options]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for told in process.stderr:
        if "constant, " in told:
            break
    family = psutil.Process(process.pid).children(recursive=True)
    assert {"generating.process", "serve"} <= {
        word.rpartition("loadtests.")[2] for one in family for word in one.cmdline()
    }
    process.kill()
    process.communicate()
    _, left = psutil.wait_procs(family, timeout=60)
    for one in left:
        one.terminate()
    assert left == []


def test_a_server_with_keys_and_tls_is_tested(serve: Callable[..., Serving], prompt: Path, tmp_path: Path) -> None:
    authority, keys = Authority(tmp_path, "ours"), tmp_path / "keys.txt"
    (tmp_path / "key.txt").write_text(add_key(keys, "ci", None))
    certificate, key = authority.vouch("server")
    secured = ["--keys", keys, "--tls-certificate", certificate, "--tls-key", key]
    address = serve([prompt], "--replicas", "1", *map(str, secured)).ready()["address"]
    options: list[str | Path] = [
        "--bundle",
        prompt,
        "--rate",
        "20",
        "--seconds",
        "5",
        "--warm-up",
        "0",
        "--slo",
        "errors=50%",
    ]
    asked: list[str | Path] = ["loadtest", str(address), *options, "--out", "here"]

    ran = lading(tmp_path, *asked, "--ca", authority.certificate, "--api-key", "key.txt", "--invalid", "0.2")
    assert ran.returncode == 0, ran.stderr
    result = read_result(tmp_path / "here" / "report.json")
    assert result.candidate.lading == version("lading")
    assert [step.failed for step in result.steps] == [0]
    assert sum(step.due for step in result.steps) == 100

    ran = lading(tmp_path, *asked, "--ca", authority.certificate)
    assert ran.returncode == 2
    assert "name the file that holds one with --api-key" in ran.stderr.replace("\n", " ")
    ran = lading(tmp_path, *asked, "--ca", Authority(tmp_path, "theirs").certificate)
    assert ran.returncode == 2
    assert "no server answers at https://" in ran.stderr
    assert "certificate verify failed" in ran.stderr.replace("\n", " ")


def test_another_bundle_than_named_is_refused(server: OwnServer, slow: Path, tmp_path: Path) -> None:
    ran = lading(tmp_path, "loadtest", server.endpoint.url, "--bundle", slow)
    assert ran.returncode == 3
    assert "serves laps 1.0.0" in ran.stderr
    assert "and not laps 1.1.0" in ran.stderr


def test_what_is_not_deployed_is_not_ready(server: OwnServer, prompt: Path, tmp_path: Path) -> None:
    ran = lading(tmp_path, "loadtest", server.endpoint.url, "--bundle", prompt, "--name", "walrus")
    assert ran.returncode == 1
    assert "is not ready to answer for 'walrus'" in ran.stderr


def test_reports_that_find_no_room_are_said_to_be_lost(server: OwnServer, prompt: Path, tmp_path: Path) -> None:
    """A folder of 24 KiB holds a small report in JSON, and no page."""
    if os.geteuid() != 0:
        pytest.fail("a full disk is made by mounting a small one, which needs root")
    full = tmp_path / "full"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "none", str(full)], check=True)
    try:
        options = ["--rate", "20", "--seconds", "3", "--warm-up", "0", "--out", str(full)]
        ran = lading(tmp_path, "loadtest", server.endpoint.url, "--bundle", prompt, *options)
    finally:
        subprocess.run(["umount", str(full)], check=True)
    assert ran.returncode == 1
    assert "report.json is there" in ran.stderr.replace("\n", " ")
    assert "no space left on the volume" in ran.stderr
    assert "Objectives" in ran.stdout
