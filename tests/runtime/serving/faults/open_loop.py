"""An open loop: requests that are sent when they are due, whatever became of those before, and what came of each."""

import asyncio
from dataclasses import dataclass, field

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    """What came of one request; seconds are counted from when it was due."""

    status: int
    """0 where the connection broke."""
    seconds: float
    headers: bytes = b""
    body: bytes = b""
    ended: float = 0.0
    """When, on the clock of the event loop."""


@dataclass
class Asked:
    """What came of all of them."""

    outcomes: list[Outcome] = field(default_factory=list)
    begun: float = 0.0

    def of(self, *statuses: int) -> list[Outcome]:
        """Those with one of these statuses."""
        return [outcome for outcome in self.outcomes if outcome.status in statuses]

    def rate(self, status: int, first: float, last: float) -> float:
        """Those with this status a second, from so many to so many seconds after the beginning."""
        return sum(first < one.ended - self.begun <= last for one in self.of(status)) / (last - first)

    def quantile(self, share: float, *statuses: int) -> float:
        """Seconds within which that share of those with one of these statuses came."""
        times = sorted(outcome.seconds for outcome in self.of(*statuses))
        return times[min(len(times) - 1, int(share * len(times)))]


def request(path: str, body: bytes, *fields: str) -> bytes:
    """A request as it goes over the wire, on a connection of its own, with ``fields`` besides those that it needs."""
    lines = (f"POST {path} HTTP/1.1", "host: localhost", "connection: close", *fields, f"content-length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body


async def ask(port: int, sent: bytes, due: float, host: str = "127.0.0.1") -> Outcome:
    """Send one request now, and wait for what comes of it."""
    loop = asyncio.get_running_loop()
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(sent)
        said = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
        writer.close()
    except (OSError, TimeoutError):
        return Outcome(0, loop.time() - due)
    head, _, body = said.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1]) if head else 0
    return Outcome(status, loop.time() - due, head.lower(), body, loop.time())


async def open_loop(port: int, sent: bytes, rate: float, seconds: float) -> Asked:
    """Send ``rate`` requests a second for so many ``seconds``."""
    loop = asyncio.get_running_loop()
    begun, tasks = loop.time(), []
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        tasks.append(asyncio.create_task(ask(port, sent, due)))
    return Asked(list(await asyncio.gather(*tasks)), begun)


async def closed_loop(port: int, sent: bytes, clients: int, seconds: float, host: str = "127.0.0.1") -> float:
    """The answers a second that so many ``clients`` get, each of which asks again when it was answered."""
    loop = asyncio.get_running_loop()
    begun, count = loop.time(), 0

    async def client() -> None:
        nonlocal count
        while loop.time() < begun + seconds:
            outcome = await ask(port, sent, loop.time(), host)
            assert outcome.status == 200, outcome
            count += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    return count / (loop.time() - begun)
