"""A plain ``docker run``: it serves, is updated and rolled back while it answers, and stops without losing a request."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.conftest import Run, mounted
from tests.containers.running import PORT, Running
from tests.runtime.administration.times import PATH, REQUEST, answer, times
from tests.runtime.serving.conftest import Load

RATE = 100.0


@pytest.fixture(scope="module")
def server(run: Run, shelf: Path) -> Running:
    """``docker run -p 127.0.0.1::8080 -v …:/bundles:ro``, and nothing else."""
    running = run(volumes=mounted(shelf), ports={f"{PORT}/tcp": ("127.0.0.1", None)})
    running.ready()
    return running


@pytest.fixture
def load(server: Running) -> Iterator[Load]:
    """A steady load on the model ``times``."""
    steady = Load(PORT, PATH, REQUEST, server.address)
    steady.start(RATE)
    while steady.sent < RATE:
        time.sleep(0.05)
    yield steady
    steady.stop()


def test_it_just_serves(server: Running) -> None:
    published = server.container.attrs["NetworkSettings"]["Ports"][f"{PORT}/tcp"][0]["HostPort"]
    assert server.ask("/v2/health/ready").json() == {"live": True, "ready": True}
    assert server.ask(PATH, content=REQUEST).content == answer(1)
    through = Load(int(published), PATH, REQUEST)
    through.start(RATE)
    while through.sent < 10:
        time.sleep(0.05)
    assert set(through.stop()) == {"200"}


def test_its_health_is_known_to_the_engine(server: Running) -> None:
    deadline = time.monotonic() + 60
    while server.state()["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline, server.state()["Health"]
        time.sleep(0.5)


def test_process_1_reaps_whom_nobody_waits_for(server: Running) -> None:
    code, _ = server.execute("python", "-c", "import os; os.fork() or os.fork() or os._exit(0)")
    assert code == 0
    deadline = time.monotonic() + 60
    while any(state.startswith("Z") for _, state, _ in _processes(server)):
        assert time.monotonic() < deadline, _processes(server)
        time.sleep(0.5)
    assert len(_processes(server)) > 8


def test_a_model_is_updated_and_rolled_back_by_one_command_and_no_request_is_lost(
    server: Running, load: Load, tmp_path: Path
) -> None:
    archive = times(2, tmp_path).read_bytes()
    code, words = server.execute("lading", "deploy", "times", "-", given=archive)
    assert code == 0, words
    assert server.ask(PATH, content=REQUEST).content == answer(2)
    code, words = server.execute("lading", "rollback", "times")
    assert code == 0, words
    assert server.ask(PATH, content=REQUEST).content == answer(1)
    assert set(load.stop()) == {"200"}
    assert load.bodies == {answer(1), answer(2)}


def test_docker_stop_under_load_answers_what_was_accepted_and_exits_0(server: Running, load: Load) -> None:
    stopping = threading.Thread(target=lambda: server.container.stop(timeout=40))
    stopping.start()
    stopping.join()
    answers = load.stop()
    assert set(answers) <= {"200", "not accepted"}, answers
    assert answers["200"] >= RATE
    assert server.state()["ExitCode"] == 0, server.said()


def _processes(server: Running) -> list[list[str]]:
    """The number, the state and the name of each process."""
    processes: list[list[str]] = server.container.top(ps_args="-eo pid,stat,comm")["Processes"]
    return processes
