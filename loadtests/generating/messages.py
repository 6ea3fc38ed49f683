"""Messages: what a crew and its processes tell each other, a line of JSON each, over pipes."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from lading.bundles.records import Record
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.latencies import Latencies
from lading.loadtests.measuring.step import Window
from lading.loadtests.plan import Traffic


class Part(Record):
    """The first that a process is told: what part of the load is its."""

    bundle: Path
    endpoint: Endpoint
    traffic: Traffic
    users: int
    number: int
    """Of the process, from 0."""
    processes: int


class Begin(Record):
    """A drive begins."""

    kind: Literal["begin"] = "begin"
    drive: int
    """Its number; what is told of others is of no use any more."""
    start: float
    """In seconds of the monotonic clock."""
    stretches: tuple[Stretch, ...]


class Stop(Record):
    """The drive that is going on ends at once."""

    kind: Literal["stop"] = "stop"


class Ready(Record):
    """The process has its requests, and its users are connected."""

    kind: Literal["ready"] = "ready"


class Seconds(Record):
    """Windows of seconds that have passed."""

    kind: Literal["seconds"] = "seconds"
    drive: int
    passed: int
    """Whole seconds, of all of which everything has been told."""
    windows: tuple[Window, ...]


class Done(Record):
    """The drive is over."""

    kind: Literal["done"] = "done"
    drive: int
    busy: float
    """The share of a processor that the process kept busy in the busiest seconds."""
    lag: Latencies
    unsent: int
    windows: tuple[Window, ...]


class Failed(Record):
    """The process cannot go on."""

    kind: Literal["failed"] = "failed"
    problem: str
    usage: bool = False
    """Whether what was asked for cannot be done as it was asked."""


Order = Annotated[Begin | Stop, Field(discriminator="kind")]
"""What a process is told."""
Report = Annotated[Ready | Seconds | Done | Failed, Field(discriminator="kind")]
"""What it tells."""

ORDER: TypeAdapter[Begin | Stop] = TypeAdapter(Order)
REPORT: TypeAdapter[Ready | Seconds | Done | Failed] = TypeAdapter(Report)


def line(message: Record) -> bytes:
    """A message as it goes over a pipe."""
    return message.model_dump_json().encode() + b"\n"
