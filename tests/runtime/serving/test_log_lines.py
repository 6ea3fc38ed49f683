"""Log lines: from any process to the server, and never in a request's way."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from lading.runtime.serving.log_lines import hear_log_lines, send_log_lines


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Leaves the loggers as they were."""
    names = ("lading", "uvicorn")
    before = {name: (logging.getLogger(name).handlers, logging.getLogger(name).propagate) for name in names}
    yield
    for name, (handlers, propagate) in before.items():
        logger = logging.getLogger(name)
        for handler in logger.handlers:
            handler.close()
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(logging.NOTSET)


def test_lines_arrive_with_their_level_and_their_traceback(base: Path) -> None:
    heard: list[str] = []

    async def say() -> None:
        transport = await hear_log_lines(base, heard.append)
        send_log_lines(base, "info")
        logging.getLogger("lading.runtime").info("one\ntwo")
        logging.getLogger("lading.runtime").debug("not asked for")
        logging.getLogger("uvicorn.error").info("nobody asked for this either")
        try:
            raise ZeroDivisionError("by zero")
        except ZeroDivisionError as error:
            logging.getLogger("lading.runtime").error("failed", exc_info=error)
        while len(heard) < 2:
            await asyncio.sleep(0.01)
        transport.close()

    asyncio.run(asyncio.wait_for(say(), 10))
    assert heard[0] == "INFO one\ntwo"
    assert heard[1].startswith("ERROR failed\nTraceback")
    assert heard[1].endswith("ZeroDivisionError: by zero")
    assert len(heard) == 2


def test_without_anybody_to_hear_lines_are_dropped(base: Path) -> None:
    send_log_lines(base, "info")
    for _ in range(1000):
        logging.getLogger("lading.runtime").error("to nobody")
