"""A server with API keys, TLS and client certificates, started as a user starts it; and what it says where it has none."""

import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from lading.runtime.serving.keys_file import add_key, remove_key
from tests.runtime.serving.conftest import free_port

if TYPE_CHECKING:
    from tests.authority import Authority
    from tests.runtime.serving.conftest import Serving, Start

    Make = Callable[[str], Authority]

LADING = Path(sys.executable).with_name("lading")
BODY = {"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
WARNING = "warning: whoever can reach "


def lines(serving: "Serving") -> list[dict[str, object]]:
    """The access log's lines, among all that was said."""
    return [json.loads(line) for line in serving.said().splitlines() if line.startswith("{")]


def test_only_who_has_a_certificate_and_a_key_is_answered(
    start: "Start", bundles: Mapping[str, Path], authority: "Make", tmp_path: Path
) -> None:
    ours, theirs, keys = authority("ours"), authority("theirs"), tmp_path / "keys.txt"
    certificate, key = ours.vouch("server")
    secret, lost = add_key(keys, "alice", None), add_key(keys, "bob", None)
    options = [
        "--keys",
        keys,
        "--tls-certificate",
        certificate,
        "--tls-key",
        key,
        "--tls-client-ca",
        theirs.certificate,
    ]
    variables = {"ACCESS_LOG": "on", "METRICS_HOST": "0.0.0.0", "METRICS_PORT": str(measured := free_port())}
    environment = {f"LADING_{name}": value for name, value in variables.items()}
    serving = start([bundles["cells"]], "--replicas", "1", "--host", "0.0.0.0", *map(str, options), **environment)
    address = serving.ready()["address"]
    assert address == f"https://127.0.0.1:{serving.port}"
    context = ssl.create_default_context(cafile=str(ours.certificate))
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{address}/v2/health/ready", verify=context)
    context.load_cert_chain(*theirs.vouch("client"))
    with httpx.Client(base_url=str(address), verify=context) as client:
        assert client.get("/v2/health/ready").status_code == 200
        assert client.post("/v2/models/cells/infer", json=BODY).status_code == 401
        for name in (secret, lost):
            answer = client.post("/v2/models/cells/infer", json=BODY, headers={"authorization": f"Bearer {name}"})
            assert answer.status_code == 200
        remove_key(keys, "bob")
        serving.until_said("the API keys changed and were read again")
        assert client.get("/v2", headers={"x-api-key": lost}).status_code == 401
        keys.write_text("nonsense\n")
        serving.signal(signal.SIGHUP)
        serving.until_said("the API keys stay as they were: line 1 of")
        serving.until_said("fresh replicas answer")
        assert client.get("/v2", headers={"x-api-key": secret}).status_code == 200
    metrics = httpx.get(f"http://127.0.0.1:{measured}/metrics").text
    assert 'lading_requests_total{key="alice",status="2xx"} 2.0' in metrics
    assert "lading_replicas_up 1.0" in metrics
    serving.signal(signal.SIGTERM)
    assert serving.ends() == 0
    asked = [(line["key"], line["certificate"], line["status"]) for line in lines(serving) if "path" in line]
    assert asked == [("-", "client", 200), ("-", "client", 401)] + [
        (key, "client", status) for key, status in (("alice", 200), ("bob", 200), ("-", 401), ("alice", 200))
    ]
    said = serving.said()
    assert WARNING not in said
    assert secret not in said
    assert lost not in said
    assert serving.leftovers() == []


def refused(options: Sequence[object], port: int) -> tuple[int, str]:
    """How a server ends that cannot start, and what it says on standard error."""
    command = [str(LADING), "serve", "none.lading", "--port", str(port), *map(str, options)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("host", "guarded", "warned"),
    [
        pytest.param("0.0.0.0", False, 1, id="everybody, without a guard"),
        pytest.param("::", False, 1, id="everybody by IPv6, without a guard"),
        pytest.param("0.0.0.0", True, 0, id="everybody, with keys"),
        pytest.param("127.0.0.1", False, 0, id="this machine"),
        pytest.param("localhost", False, 0, id="this machine by name"),
    ],
)
def test_a_server_that_is_open_to_others_says_so_once(tmp_path: Path, host: str, guarded: bool, warned: int) -> None:
    add_key(tmp_path / "keys.txt", "alice", None)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as taken:
        options = ["--host", host, *(["--keys", tmp_path / "keys.txt"] if guarded else [])]
        code, said = refused(options, taken.getsockname()[1])
    assert code == 3, said
    assert said.count(WARNING) == said.count("warning") == warned


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(["--keys", "none.txt"], "none.txt: No such file", id="no file of keys"),
        pytest.param(["--tls-certificate", "none.crt"], "none.crt: No such file", id="no certificate"),
        pytest.param(["--tls-key", "none.key"], "LADING_TLS_KEY is set, and LADING_TLS_CERT", id="a key alone"),
        pytest.param(["--tls-client-ca", "a"], "LADING_TLS_CLIENT_CA is set, and LADING_TLS", id="authorities alone"),
    ],
)
def test_a_server_does_not_start_with_files_that_are_wrong(options: list[str], words: str) -> None:
    code, said = refused(options, free_port())
    assert code == 2, said
    assert words in said


def test_without_standard_error_a_server_ends_as_otherwise() -> None:
    command = f"exec {LADING} serve none.lading --port {free_port()} 2>&-"
    assert subprocess.run(["bash", "-c", command], timeout=60, check=False).returncode == 2


def test_a_server_does_not_start_with_a_key_of_another_certificate(authority: "Make") -> None:
    ours = authority("ours")
    options = ["--tls-certificate", ours.vouch("server")[0], "--tls-key", ours.vouch("other")[1]]
    code, said = refused(options, free_port())
    assert code == 2, said
    assert "give the two of one pair" in said
