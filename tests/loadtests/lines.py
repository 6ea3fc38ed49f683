"""Lines to a server that hold answers back by the clock: what is measured there does not hang on the machine's pace."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

PIECE = 65_536
SHORT, LONG, SPREAD = 0.04, 0.12, 0.02

Leaves = Callable[[float], float]
"""When an answer leaves the line that came to it at some time; both in seconds of the monotonic clock."""


def long_line() -> Leaves:
    """Holds most answers back by 0.04 to 0.06 s, and every twentieth by 0.12 to 0.14 s."""
    chance = random.Random(1)

    def leaves(came: float) -> float:
        return came + (LONG if chance.random() < 0.05 else SHORT) + SPREAD * chance.random()

    return leaves


def narrow_line(seconds: float) -> Leaves:
    """Has each answer go by itself, and take so many ``seconds``."""
    free = 0.0

    def leaves(came: float) -> float:
        nonlocal free
        free = max(came, free) + seconds
        return free

    return leaves


@contextmanager
def line(url: str, leaves: Leaves) -> Iterator[str]:
    """Another address of the server at ``url``, as long as the block runs."""
    there, loop = urlsplit(url), asyncio.new_event_loop()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            writer.write(piece)
        writer.close()  # then the server ends as well, and with it the answers

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            await asyncio.sleep(leaves(time.monotonic()) - time.monotonic())
            writer.write(piece)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            answers, asked = await asyncio.open_connection(there.hostname, there.port)
            writers.append(asked)
            async with asyncio.TaskGroup() as both:
                both.create_task(ask(reader, asked))
                both.create_task(answer(answers, writer))
        except* (ConnectionError, asyncio.CancelledError):
            pass  # one of the two has gone, or the line is at its end
        finally:
            for one in writers:
                one.close()

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_ended(server))
        loop.close()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.sleep(0)  # what is closed says so in the next turn of the loop
