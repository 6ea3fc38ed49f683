"""The witness: who is told of every request for a prediction, once it has ended."""

import typing
from collections.abc import Sequence

from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.asking import Question
from lading.runtime.protocols.head import Head

Phase = tuple[str, int]
"""Its name, as metrics have it, and how many nanoseconds it took."""


class Answered(typing.NamedTuple):
    """What was asked, and what the model said to it."""

    question: Question
    outputs: Feeds
    phases: Sequence[Phase]
    """In the order in which they were: a large request waits and is then read, any other is read and then waits."""


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
