"""The published socket: where it can be, and what it is called."""

import pytest

from lading.runtime.serving.published import AddressError, PortInUseError, listen, url


def test_a_port_in_use_and_a_strange_address_are_told_apart() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)):
            listen("127.0.0.1", port)
    with pytest.raises(AddressError, match="--host"):
        listen("192.0.2.1", 0)
    with pytest.raises(AddressError, match="--host"):
        listen("no such host", 0)


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
