"""The intake: a body is read whole, or refused for a reason, and nothing of it is held for longer than it is needed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

import orjson
import pytest
from starlette.types import Message

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.errors import BodyTooLargeError, CrowdedError, SlowBodyError
from lading.runtime.protocols.intake import ClientGoneError, Intake

LIMIT = 1000
GONE: Message = {"type": "http.disconnect"}

Step = tuple[float, Message]
"""Seconds to wait, and what comes then."""


def part(body: bytes, more: bool = True, after: float = 0) -> Step:
    return after, {"type": "http.request", "body": body, "more_body": more}


def client(steps: Sequence[Step]) -> Callable[[], Awaitable[Message]]:
    """What receives from a client that takes these steps, and then is silent."""
    left: Iterator[Step] = iter(steps)

    async def receive() -> Message:
        seconds, message = next(left, (3600, GONE))
        await asyncio.sleep(seconds)
        return message

    return receive


def read(intake: Intake, *steps: Step) -> bytes:
    return asyncio.run(intake.read(client(steps)))


@pytest.mark.parametrize(
    ("steps", "body"),
    [
        pytest.param([part(b"", False)], b"", id="nothing"),
        pytest.param([part(b"abc", False)], b"abc", id="one piece"),
        pytest.param([part(b"ab"), part(b"c"), part(b"", False)], b"abc", id="pieces"),
        pytest.param([part(b"a" * LIMIT, False)], b"a" * LIMIT, id="the limit itself"),
        pytest.param(
            [part(b"a" * 400, after=1), part(b"b" * 400, after=0.5), part(b"c", False, after=2)],
            b"a" * 400 + b"b" * 400 + b"c",
            id="longer than the time for a portion, which came in that time",
        ),
    ],
)
def test_a_body_is_read_whole_and_held_until_it_is_released(steps: list[Step], body: bytes) -> None:
    intake = Intake(Settings(body_bytes=LIMIT, body_rate=256, body_seconds=3))
    assert read(intake, *steps) == body
    assert intake.held == len(body)
    intake.release(len(body))
    assert intake.held == 0


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        pytest.param([part(b"a" * (LIMIT + 1), False)], BodyTooLargeError, id="too large"),
        pytest.param([part(b"a" * 600), part(b"a" * 600)], BodyTooLargeError, id="too large in pieces"),
        pytest.param([part(b"a"), (0, GONE)], ClientGoneError, id="the client goes"),
        pytest.param([], SlowBodyError, id="nothing comes"),
        pytest.param([part(b"a" * 255)], SlowBodyError, id="silent before the first portion"),
        pytest.param([part(b"a" * 900)], SlowBodyError, id="silent after many"),
        pytest.param([part(b"a", after=0.05)] * 200, SlowBodyError, id="drop by drop"),
    ],
)
def test_a_body_that_is_not_read_whole_is_not_held(steps: list[Step], error: type[Exception]) -> None:
    intake = Intake(Settings(body_bytes=LIMIT, body_rate=256, body_seconds=1))
    with pytest.raises(error):
        read(intake, *steps)
    assert intake.held == 0


def test_who_finds_no_room_is_refused_and_the_others_are_read() -> None:
    async def three() -> list[bytes | BaseException]:
        intake = Intake(Settings(body_bytes=LIMIT, held_bytes=1500))
        slow = [part(b"a" * 700), part(b"", False, after=0.2)]
        return await asyncio.gather(*(intake.read(client(slow)) for _ in range(3)), return_exceptions=True)

    first, second, third = asyncio.run(three())
    assert first == second == b"a" * 700
    assert isinstance(third, CrowdedError)
    assert (b"retry-after", b"1") in third.headers


def test_one_body_alone_always_finds_room() -> None:
    intake = Intake(Settings(body_bytes=LIMIT, held_bytes=10))
    assert read(intake, part(b"a" * 600), part(b"a", False)) == b"a" * 600 + b"a"


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        pytest.param([part(b"{")], 408, id="slow"),
        pytest.param([part(b"{", False)], 400, id="not JSON"),
        pytest.param([part(b"[]", False)], 200, id="answered"),
        pytest.param([part(b" " * 2000)], 413, id="too large"),
    ],
)
def test_the_application_says_so_in_json_and_holds_nothing(
    deployments: Deployments, steps: list[Step], status: int
) -> None:
    app = Application(deployments, Settings(body_bytes=LIMIT, body_rate=256, body_seconds=1))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/models/cells/predict", "headers": []}
    asyncio.run(app(scope, client(steps), send))
    start, body = sent
    assert start["status"] == status
    assert status == 200 or isinstance(orjson.loads(body["body"])["error"], str)
    assert app.intake.held == 0
