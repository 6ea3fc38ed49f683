"""How a server ends: told to, told twice, killed, or deserted by Ray; nothing of it is left."""

import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lading.runtime.serving.warden import session_members
from tests.runtime.serving.conftest import CLOSED

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Load, Serving, Start

WAIT_SECONDS = 30

pytestmark = pytest.mark.restarts


def gone(serving: "Serving", sessions: set[int]) -> bool:
    """Whether no process and no file of the server is left, after a moment if need be."""
    deadline = time.monotonic() + WAIT_SECONDS
    while session_members(sessions) or serving.leftovers():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_sigterm_under_load_answers_every_request_that_was_accepted(
    start: "Start", bundles: Mapping[str, Path], load: Callable[["Serving"], "Load"]
) -> None:
    serving = start([bundles["cells"]])
    serving.ready()
    sessions = serving.sessions()
    steady = load(serving)
    while steady.sent < 300:
        time.sleep(0.05)
    serving.signal(signal.SIGTERM)
    assert serving.ends() == 0
    answers = steady.stop()
    assert set(answers) <= {"200", "not accepted", CLOSED}, answers
    assert answers["200"] >= 300
    assert session_members(sessions) == []
    assert serving.leftovers() == []


def test_ctrl_c_waits_for_requests_and_a_second_one_does_not(start: "Start", bundles: Mapping[str, Path]) -> None:
    serving = start([bundles["cells"]], "--replicas", "1")
    serving.ready()
    sessions = serving.sessions()
    with socket.create_connection(("127.0.0.1", serving.port)) as client:
        client.sendall(b"POST /v2/models/cells/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")
        time.sleep(0.2)
        serving.signal(signal.SIGINT)
        serving.until_said("stopping")
        time.sleep(2)
        assert serving.process.poll() is None
        serving.signal(signal.SIGINT)
        assert serving.ends() == 130
    assert session_members(sessions) == []
    assert serving.leftovers() == []


def test_ctrl_c_while_it_starts_leaves_nothing(start: "Start", bundles: Mapping[str, Path]) -> None:
    serving = start([bundles["cells"]])
    serving.until_said("starting Ray")
    sessions = serving.sessions()
    serving.signal(signal.SIGINT)
    assert serving.ends() == 0
    assert session_members(sessions) == []
    assert serving.leftovers() == []


def test_a_killed_server_leaves_nothing(start: "Start", bundles: Mapping[str, Path]) -> None:
    serving = start([bundles["cells"]], "--replicas", "1")
    serving.ready()
    sessions = serving.sessions()
    serving.signal(signal.SIGKILL)
    assert serving.ends() == -signal.SIGKILL
    assert gone(serving, sessions)


@pytest.mark.parametrize("name", ["gcs_server", "raylet"])
def test_when_ray_dies_the_server_ends_and_says_so(start: "Start", bundles: Mapping[str, Path], name: str) -> None:
    serving = start([bundles["cells"]], "--replicas", "1")
    serving.ready()
    (pid,) = serving.pids(name)
    os.kill(pid, signal.SIGKILL)
    assert serving.ends() == 1
    assert f"Ray stopped: its {name} ended" in serving.said()
    assert serving.leftovers() == []
