"""A container that may do next to nothing, and serves."""

from pathlib import Path

import pytest

from tests.containers.conftest import Run, mounted
from tests.containers.running import HARDENED, PORT, Running
from tests.runtime.administration.times import PATH, REQUEST

ASK = f"""
import urllib.request
request = urllib.request.Request("http://127.0.0.1:{PORT}{PATH}", {REQUEST!r}, {{"content-type": "application/json"}})
print(urllib.request.urlopen(request).read().decode())
"""
WRITE = """
import json, os
written = []
for folder, _, _ in os.walk("/"):
    if not folder.startswith(("/proc", "/sys", "/dev", "/run/lading", "/var/lib/lading")):
        try:
            open(os.path.join(folder, "written"), "w").close()
            written.append(folder)
        except OSError:
            pass
print(json.dumps(written))
"""
RIGHTS = """
import json, os
print(json.dumps(dict(line.split(":", 1) for line in open("/proc/1/status").read().splitlines())))
"""


@pytest.fixture(scope="module")
def server(run: Run, shelf: Path) -> Running:
    """All of those flags at once, without a network, with 1.5 processors and 1 GiB of memory."""
    bounds = {"nano_cpus": 1_500_000_000, "mem_limit": "1g"}
    running = run(volumes=mounted(shelf), network_mode="none", **bounds, **HARDENED)
    running.ready()
    return running


def test_it_predicts(server: Running) -> None:
    assert server.python(ASK)["outputs"][0]["data"] == [7.0]


def test_it_is_nobody_and_may_become_nobody_else(server: Running) -> None:
    rights = server.python(RIGHTS)
    assert rights["Uid"].split() == ["10001"] * 4
    assert rights["CapEff"].split() == ["0" * 16]
    assert rights["NoNewPrivs"].split() == ["1"]


def test_it_writes_nowhere_but_in_its_two_folders(server: Running) -> None:
    assert server.python(WRITE) == []


def test_it_has_as_many_replicas_as_whole_processors(server: Running) -> None:
    assert server.execute("lading", "health") == (0, "ready: a replica answers\n")


def test_the_kernel_has_killed_nothing(server: Running) -> None:
    assert server.state()["OOMKilled"] is False


def test_it_ends_when_ray_does_and_says_why(server: Running) -> None:
    """So that what started it can start it again; the last test of this server."""
    server.kill("raylet")
    assert server.container.wait(timeout=60)["StatusCode"] == 1
    assert "Ray stopped: its raylet ended" in server.said()


def test_any_other_user_and_a_tmpfs_do_as_well(run: Run, shelf: Path) -> None:
    apart = {"user": "23456:0", "tmpfs": {"/run/lading": "size=512m"}, "environment": {"LADING_REPLICAS": "1"}}
    other = run(volumes=mounted(shelf), **apart, **HARDENED)
    other.ready()
    assert other.python(ASK)["outputs"][0]["data"] == [7.0]
