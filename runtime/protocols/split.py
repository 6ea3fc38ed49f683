"""The split: an endpoint of two versions of one model, each of which answers its share."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from lading.runtime.canary import STICKY_HEADER, Canary
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.endpoint import Endpoint
from lading.runtime.protocols.head import Headers
from lading.runtime.protocols.replies import Answer

Endpoints = Callable[[Deployments], Mapping[str, ASGIApp]]
"""The hot endpoints of what is deployed, by path."""


class Split:
    """Answers by ``tried`` what ``canary`` takes, and by ``steady`` the rest."""

    def __init__(self, steady: Endpoint[Any], tried: Endpoint[Any], canary: Canary) -> None:
        self.refuse = steady.refuse
        self._steady, self._tried, self._canary = steady, tried, canary
        self._undecided: tuple[Headers, Endpoint[Any]] | None = None
        """The request that was not answered at once, by its headers, and who is to answer it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers, undecided = scope["headers"], self._undecided
        if undecided is not None and undecided[0] is headers:
            self._undecided, chosen = None, undecided[1]
        else:
            chosen = self._chosen(headers)
        await chosen(scope, receive, send)

    def at_once(self, headers: Headers, body: bytes, limit: int) -> Answer | None:
        """The answer of one of the two, where it has one at once; where it has none, it is to be called."""
        chosen = self._chosen(headers)
        answer = chosen.at_once(headers, body, limit)
        if answer is None:
            self._undecided = headers, chosen
        return answer

    def _chosen(self, headers: Headers) -> Endpoint[Any]:
        key = next((value for name, value in headers if name == STICKY_HEADER), None)
        return self._tried if self._canary.takes(key) else self._steady


def split(steady: Mapping[str, ASGIApp], endpoints: Endpoints, canaries: Mapping[str, Canary]) -> dict[str, ASGIApp]:
    """The ``steady`` endpoints, split where there are ``canaries``; a canary answers by its own version's path, too."""
    found = dict(steady)
    if not canaries:
        return found
    for path, tried in endpoints(Deployments(canary.model for canary in canaries.values())).items():
        if not isinstance(tried, Endpoint):
            continue
        other = steady.get(path)
        if other is None:
            found[path] = tried
        elif isinstance(other, Endpoint) and other.model.name == tried.model.name:
            found[path] = Split(other, tried, canaries[tried.model.name])
    return found
