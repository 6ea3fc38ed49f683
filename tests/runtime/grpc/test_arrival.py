"""A message is whole in time, or refused; and a replica holds no more of them than there is memory for."""

import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.grpc.conftest import Begin, Stranger, called, told

WAIT, COUNT = "/stranger.Service/Wait", "/stranger.Service/Count"


def announced(size: int) -> tuple[tuple[str, str], ...]:
    """What the edge tells of a message's length."""
    return (("lading-message-bytes", str(size)),)


def test_a_message_that_does_not_come_is_given_up(begin: Begin, deployments: Deployments) -> None:
    calls, stop = begin(Application(deployments, Settings(body_seconds=1)), Stranger()), threading.Event()

    def silent() -> Iterator[bytes]:
        stop.wait(20)
        yield b""

    with grpc.insecure_channel(calls.target) as channel:
        call: Any = channel.stream_unary(COUNT)
        with pytest.raises(grpc.RpcError) as refused:
            call(silent(), timeout=20)
        stop.set()
    assert told(refused).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "comes at less than 1024 bytes a second" in told(refused).details()


def test_a_longer_message_has_more_time(begin: Begin, deployments: Deployments) -> None:
    calls = begin(Application(deployments, Settings(body_seconds=1, body_rate=256)), Stranger())
    come = threading.Event()

    def slow() -> Iterator[bytes]:
        come.wait(1.5)
        yield b"a" * 512

    with grpc.insecure_channel(calls.target) as channel:
        call: Any = channel.stream_unary(COUNT)
        assert call(slow(), timeout=20, metadata=announced(512)).endswith(b"a" * 512)


def test_a_call_without_a_message_is_refused(begin: Begin, deployments: Deployments) -> None:
    calls = begin(Application(deployments, Settings()), Stranger())
    with grpc.insecure_channel(calls.target) as channel:
        call: Any = channel.stream_unary(COUNT)
        with pytest.raises(grpc.RpcError) as refused:
            call(iter(()), timeout=20)
    assert told(refused).code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "the call has no message" in told(refused).details()


@pytest.mark.parametrize("metadata", [(), announced(600)], ids=["as it is", "as the edge tells"])
def test_a_message_that_finds_no_room_is_refused(
    begin: Begin, deployments: Deployments, metadata: tuple[tuple[str, str], ...]
) -> None:
    stranger, application = Stranger(), Application(deployments, Settings(held_bytes=1000))
    calls = begin(application, stranger)
    with grpc.insecure_channel(calls.target) as channel:
        wait: Any = channel.unary_unary(WAIT)
        waiting = wait.future(b"a" * 600, metadata=metadata)
        assert stranger.begun.wait(20)
        assert application.intake.held == 600
        with pytest.raises(grpc.RpcError) as refused:
            called(calls, COUNT, b"b" * 600, metadata=metadata)
        assert told(refused).code() is grpc.StatusCode.UNAVAILABLE
        assert "holds 1000 bytes of requests already" in told(refused).details()
        assert called(calls, COUNT, b"c" * 300).endswith(b"c")
        waiting.cancel()
        assert stranger.cancelled.wait(20)
    assert called(calls, COUNT, b"d" * 600).endswith(b"d")
    assert application.intake.held == 0
