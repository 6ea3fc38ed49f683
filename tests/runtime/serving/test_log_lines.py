"""Log lines: from any process to the server, and never in a request's way."""

import asyncio
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lading.runtime.serving.log_lines import LONGEST, hear_log_lines, send_log_lines
from lading.runtime.serving.voice import Line


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


def test_lines_arrive_with_their_level_and_what_they_are_about(base: Path) -> None:
    heard: list[Line] = []

    async def say() -> None:
        transport = await hear_log_lines(base, lambda line, _: heard.append(line))
        send_log_lines(base, "info", "slot3")
        logger = logging.getLogger("lading.runtime")
        logger.info("one\ntwo of %d", 2, extra={"request": "r-1", "model": "churn"})
        logger.debug("not asked for")
        logging.getLogger("uvicorn.error").info("nobody asked for this either")
        try:
            raise ZeroDivisionError("by zero \ud800")
        except ZeroDivisionError as error:
            logger.error("failed" + "!" * LONGEST, exc_info=error)
        while len(heard) < 2:
            await asyncio.sleep(0.01)
        transport.close()

    asyncio.run(asyncio.wait_for(say(), 10))
    one, failed = heard
    assert (one.message, one.level, one.source) == ("one\ntwo of 2", "info", "slot3")
    assert one.context == {"request": "r-1", "model": "churn"}
    assert one.text == r"INFO one\ntwo of 2"
    assert abs(one.seconds - time.time()) < 10
    assert failed.message == ("failed" + "!" * LONGEST)[:LONGEST]
    assert failed.text.startswith("ERROR failed")
    assert failed.context["traceback"].startswith("Traceback")
    assert failed.context["traceback"].endswith("ZeroDivisionError: by zero ?")


def test_lines_that_nobody_hears_are_dropped_and_the_next_one_tells_how_many(base: Path) -> None:
    heard: list[int] = []

    async def say() -> None:
        send_log_lines(base, "info", "slot0")
        logger = logging.getLogger("lading.runtime")
        for _ in range(1000):
            logger.error("to nobody")
        transport = await hear_log_lines(base, lambda _, lost: heard.append(lost))
        for _ in range(2):
            logger.error("to somebody")
        while len(heard) < 2:
            await asyncio.sleep(0.01)
        transport.close()

    asyncio.run(asyncio.wait_for(say(), 10))
    assert heard == [1000, 0]
