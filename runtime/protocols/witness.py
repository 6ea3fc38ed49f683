"""The witness: who is told of every request for a prediction, once it has ended."""

import typing

from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.asking import Question
from lading.runtime.protocols.head import Head


class Phases(typing.NamedTuple):
    """How long a request that was answered was in each phase, in nanoseconds."""

    queue: int
    decode: int
    compute: int
    encode: int


class Answered(typing.NamedTuple):
    """What was asked, and what the model said to it."""

    question: Question
    outputs: Feeds
    phases: Phases


class Ended(typing.NamedTuple):
    """A request for a prediction that has ended."""

    model: Model
    head: Head
    """Its headers, those of them that are looked at; of a call of gRPC its metadata."""
    status: int
    started: int
    """When it was begun to be read, and when it ended, by ``time.perf_counter_ns``."""
    ended: int
    answered: Answered | None
    """None where it failed."""


class Witness(typing.Protocol):
    """Is told of requests, on the event loop or in a thread of a model's; it neither waits nor raises."""

    def saw(self, ended: Ended) -> None:
        """A request has ended; what is kept of its tensors is copied, as they may be part of a large body."""
        ...
