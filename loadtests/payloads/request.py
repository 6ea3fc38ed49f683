"""The request: what one user asks, and how the answer is looked at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

NOT_JSON = "not JSON"
"""The failure of an answer that is no JSON where it should be."""
MALFORMED = "malformed answer"
"""The failure of an answer that lacks outputs or rows, or has others than were asked for."""
WRONG = "wrong answer"
"""The failure of an answer to golden rows that is not what the original model gave."""
ACCEPTED = "accepted what is invalid"
"""The failure of a server that answered what it should refuse."""
OTHER_BUNDLE = "answered by another bundle"
"""The failure of a server that has another bundle by now, or that gives a canary part of the requests."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    json_bytes: int | None = None
    """How many bytes of the body are JSON where tensors in bytes follow it: ``Inference-Header-Content-Length``."""
    digest: str | None = None
    """Of the bundle that answered, where the server says it: ``Lading-Bundle-Digest``."""


Check = Callable[[Answer], str | None]
"""Says what kind of failure an answer is; None where it is right."""


@dataclass(frozen=True)
class Request:
    """One request, encoded."""

    form: str
    """What requests of its kind are called where they are counted: ``V2 JSON, 32 rows``; ``invalid``."""
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    check: Check
