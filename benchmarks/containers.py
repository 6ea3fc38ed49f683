"""``python -m benchmarks.containers``: what the image weighs, and how soon and on how much it serves, beside Ray in it.

It needs a Docker engine (``DOCKER_HOST``), the runtime image there, and root, to read what the processes hold. The two
are started in turns, in the same image: Lading is ready when its edge says so, Ray when its empty replicas run.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import docker
import httpx
from docker.models.containers import Container

from benchmarks import bare_ray
from benchmarks.measuring import say
from benchmarks.processes import pss_mib
from benchmarks.start import IDLE_SECONDS, Seen, print_seen
from benchmarks.subjects import Subject, make_subject
from benchmarks.terms import PROCESSES
from lading.bundles.bundle import open_bundle
from lading.runtime.images.building import build
from lading.runtime.images.names import runtime_name

PORT = 8080
TAG = "lading/benchmark:latest"
START_SECONDS, POLL_SECONDS = 180.0, 0.1


def main() -> None:
    """Run by ``python -m``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.containers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runtime", default=runtime_name(), help="the runtime image")
    options = parser.parse_args()
    client = docker.from_env()
    seen: dict[str, list[Seen]] = {"Ray by itself": [], "Lading": []}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        subject = make_subject("gbt", Path(folder))
        build(client, [opened.enter_context(open_bundle(subject.bundle))], TAG, options.runtime, say)
        _print_sizes(client, options.runtime, subject)
        for _ in range(options.rounds):
            seen["Ray by itself"].append(_ray(client))
            seen["Lading"].append(_lading(client))
    print_seen(seen)


def _print_sizes(client: docker.DockerClient, runtime: str, subject: Subject) -> None:
    below, above = (client.images.get(name).history() for name in (runtime, TAG))
    sizes = {
        "the base": below[-1]["Size"],
        "the runtime image, without its base": sum(step["Size"] for step in below[:-1]),
        "the layer of a bundle": sum(step["Size"] for step in above) - sum(step["Size"] for step in below),
        "that bundle": subject.bundle.stat().st_size,
    }
    print("| | bytes, unpacked |\n| --- | ---: |")
    for name, size in sizes.items():
        print(f"| {name} | {size:,} |")
    print()


def _ray(client: docker.DockerClient) -> Seen:
    say("Ray by itself")
    program = Path(bare_ray.__file__).read_text()
    container = client.containers.create(
        TAG,
        ["-c", program, str(PROCESSES)],
        entrypoint=["dumb-init", "--single-child", "--", "python"],
        shm_size="1g",
        environment={"RAY_USAGE_STATS_ENABLED": "0"},
    )
    return _seen(container, lambda: b"ready\n" in container.logs())


def _lading(client: docker.DockerClient) -> Seen:
    say("Lading")
    container = client.containers.create(TAG, environment={"LADING_REPLICAS": str(PROCESSES)})

    def answers() -> bool:
        container.reload()
        address = container.attrs["NetworkSettings"]["IPAddress"]
        try:
            return httpx.get(f"http://{address}:{PORT}/v2/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    return _seen(container, answers)


def _seen(container: Container, ready: Callable[[], bool]) -> Seen:
    begun = time.monotonic()
    try:
        container.start()
        while not ready():
            assert time.monotonic() < begun + START_SECONDS, container.logs().decode()
            time.sleep(POLL_SECONDS)
        seconds = time.monotonic() - begun
        time.sleep(IDLE_SECONDS)
        return seconds, _memory_mib(container)
    finally:
        container.remove(force=True, v=True)


def _memory_mib(container: Container) -> float:
    """The proportional set size of all of its processes together."""
    processes: list[list[str]] = container.top(ps_args="-eo pid")["Processes"]
    return sum(pss_mib(int(process[0])) for process in processes)


if __name__ == "__main__":
    main()
