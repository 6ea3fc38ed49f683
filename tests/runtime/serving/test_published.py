"""The published socket: where it can be, and what it is called."""

from pathlib import Path

import pytest

from lading.core.settings import Settings
from lading.runtime.serving.published import (
    AddressError,
    PortInUseError,
    listen,
    open_listeners,
    reachable_by_others,
    url,
)


def test_a_port_in_use_and_a_strange_address_are_told_apart() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)):
            listen("127.0.0.1", port)
    with pytest.raises(AddressError, match="--host"):
        listen("192.0.2.1", 0)
    with pytest.raises(AddressError, match="--host"):
        listen("no such host", 0)


def test_the_port_for_metrics_is_told_by_its_own_name() -> None:
    with listen("127.0.0.1", 0) as taken, listen("127.0.0.1", 0) as other:
        port = taken.getsockname()[1]
        other_port = other.getsockname()[1]
        other.close()
        settings = Settings(port=other_port, metrics_port=port)
        with pytest.raises(PortInUseError, match="LADING_METRICS_PORT"), open_listeners(settings):
            raise AssertionError("it is taken")
        settings = settings.model_copy(update={"metrics_host": "no such host"})
        with pytest.raises(AddressError, match="LADING_METRICS_HOST takes an address"), open_listeners(settings):
            raise AssertionError("it is nowhere")
        with listen("127.0.0.1", other_port):
            pass  # what was opened before is closed


def test_the_port_for_grpc_is_beside_the_other_one_and_told_by_its_own_name() -> None:
    with listen("127.0.0.1", 0) as taken, listen("127.0.0.1", 0) as free, listen("127.0.0.1", 0) as other:
        ports = [listener.getsockname()[1] for listener in (taken, free, other)]
        free.close()
        other.close()
        with open_listeners(Settings(port=ports[1], grpc_port=ports[2])) as listeners:
            assert listeners.ports == {ports[1], ports[2]}
            assert len(listeners.descriptors) == 2
        for port in (ports[0], ports[1]):
            settings = Settings(port=ports[1], grpc_port=port)
            with pytest.raises(PortInUseError, match="--grpc-port"), open_listeners(settings):
                raise AssertionError("it is taken")


def test_the_port_of_the_administration_is_of_this_machine_alone_and_told_by_its_own_name(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken, listen("127.0.0.1", 0) as free, listen("127.0.0.1", 0) as other:
        ports = [listener.getsockname()[1] for listener in (taken, free, other)]
        free.close()
        other.close()
        settings = Settings(port=ports[1], admin_port=ports[2], state_folder=tmp_path)
        with open_listeners(settings) as listeners:
            assert listeners.admin is not None
            assert listeners.admin.getsockname() == ("127.0.0.1", ports[2])
            assert listeners.ports == {ports[1]}
            assert len(listeners.descriptors) == 1
        settings = settings.model_copy(update={"admin_port": ports[0]})
        with pytest.raises(PortInUseError, match="LADING_ADMIN_PORT"), open_listeners(settings):
            raise AssertionError("it is taken")
        with open_listeners(settings.model_copy(update={"state_folder": None})) as listeners:
            assert listeners.admin is None, "nothing is administered without a state"


@pytest.mark.parametrize(
    ("host", "reachable"),
    [
        ("127.0.0.1", False),
        ("127.8.9.10", False),
        ("localhost", False),
        ("::1", False),
        ("0.0.0.0", True),
        ("::", True),
        ("", False),
        ("192.0.2.1", True),
        ("no such host", False),
    ],
)
def test_an_address_is_of_this_machine_alone_or_not(host: str, reachable: bool) -> None:
    assert reachable_by_others(host) is reachable


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("fe80::1", "http://[fe80::1]:80"),
        ("models.example", "http://models.example:80"),
    ],
)
def test_the_url_is_one_that_a_client_here_can_use(host: str, expected: str) -> None:
    assert url(host, 80) == expected
    assert url(host, 80, secure=True) == expected.replace("http:", "https:")
