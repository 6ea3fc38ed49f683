"""The split: an endpoint of two versions of one model, each of which answers its share."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from lading.runtime.canary import Canary
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.endpoint import Endpoint
from lading.runtime.protocols.head import STICKY_KEY, Head, head_of
from lading.runtime.protocols.turn import Coming, Said

Endpoints = Callable[[Deployments], Mapping[str, ASGIApp]]
"""The hot endpoints of what is deployed, by path."""


class Split:
    """Answers by ``tried`` what ``canary`` takes, and by ``steady`` the rest."""

    def __init__(self, steady: Endpoint[Any], tried: Endpoint[Any], canary: Canary) -> None:
        self.refuse = steady.refuse
        self._steady, self._tried, self._canary = steady, tried, canary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._chosen(head_of(scope["headers"]))(scope, receive, send)

    def at_once(self, head: Head, body: bytes, limit: int) -> Said | Coming:
        """The answer of one of the two, where it has one at once; where it has none, it is to be called."""
        return self._chosen(head).at_once(head, body, limit)

    def _chosen(self, head: Head) -> Endpoint[Any]:
        return self._tried if self._canary.takes(head.get(STICKY_KEY)) else self._steady


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
