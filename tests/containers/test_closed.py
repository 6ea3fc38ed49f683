"""A container with a certificate and API keys, as its network sees it: one open port, and nothing that goes out."""

import json
import shutil
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import httpx
import pytest

from lading.runtime.serving.keys_file import add_key
from tests.authority import Authority
from tests.containers.conftest import Run, mounted
from tests.containers.packets import RESET, UDP, Listening
from tests.containers.running import HARDENED, PORT, Running
from tests.runtime.administration.times import PATH, REQUEST, answer

USER = 10001
SCAN = """
import asyncio, json, sys

async def main(host):
    opened = []
    ports = iter(range(1, 65536))
    async def work():
        for port in ports:
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 20)
            except ConnectionRefusedError:
                continue
            opened.append(port)
            writer.close()
    await asyncio.gather(*(work() for _ in range(64)))
    print(json.dumps(sorted(opened)))

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Authority, str]:
    """A folder of secrets that only the container's user can read, who vouches for the certificate in it, and a key."""
    folder = tmp_path_factory.mktemp("secrets")
    authority = Authority(tmp_path_factory.mktemp("authority"), "ours")
    certificate, private = authority.vouch("server")
    shutil.copy(certificate, folder / "tls.crt")
    shutil.copy(private, folder / "tls.key")
    key = add_key(folder / "keys.txt", "alice", None)
    for path in (*folder.iterdir(), folder):
        path.chmod(0o500 if path is folder else 0o400)
        shutil.chown(path, USER, USER)
    return folder, authority, key


@pytest.fixture(scope="module")
def heard(client: docker.DockerClient, runtime: str) -> Iterator[Listening]:
    """What is on the network, from before the server starts."""
    with Listening() as listening:
        yield listening


@pytest.fixture(scope="module")
def server(run: Run, shelf: Path, secrets: tuple[Path, Authority, str], heard: Listening) -> Running:
    """A hardened server in the engine's own network."""
    running = run(
        volumes={**mounted(shelf), **mounted(secrets[0], "/run/secrets")},
        environment={
            "LADING_REPLICAS": "2",
            "LADING_KEYS_FILE": "/run/secrets/keys.txt",
            "LADING_TLS_CERTIFICATE": "/run/secrets/tls.crt",
            "LADING_TLS_KEY": "/run/secrets/tls.key",
        },
        **HARDENED,
    )
    running.ready()
    return running


def test_who_has_a_key_is_answered_over_tls_and_nobody_else(
    server: Running, secrets: tuple[Path, Authority, str]
) -> None:
    _, authority, key = secrets
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.check_hostname = False  # the container has the address that the engine gives it
    with httpx.Client(verify=context, base_url=server.url("", "https")) as client:
        assert client.post(PATH, content=REQUEST).status_code == 401
        assert client.post(PATH, content=REQUEST, headers={"x-api-key": key}).content == answer(1)
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url("/v2/health/ready"))


def test_a_sibling_finds_one_open_port_of_all(
    server: Running, client: docker.DockerClient, runtime: str, secrets: tuple[Path, Authority, str]
) -> None:
    found = client.containers.run(runtime, ["-c", SCAN, server.address], entrypoint=["python"], remove=True)
    assert json.loads(found) == [PORT]


def test_it_sends_nothing_but_answers(server: Running, heard: Listening) -> None:
    """No packet that opens a connection and no datagram, of DNS or another kind, since before it was started."""
    time.sleep(3)
    sent = heard.sent_by(server.address)
    assert len(sent) > 1000  # it was heard: it refused the sibling at each port
    assert [packet for packet in sent if packet.opens or packet.protocol == UDP] == []
    assert {packet.ports[0] for packet in sent if not packet.flags & RESET} == {PORT}
