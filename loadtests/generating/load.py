"""The load: what the users of one process have in common: the server, the requests, and who hands them out."""

from pathlib import Path

from lading.bundles.bundle import open_bundle
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.connection import Server
from lading.loadtests.generating.dispatcher import Arrival, Dispatcher
from lading.loadtests.payloads.pool import draw_requests
from lading.loadtests.payloads.request import OTHER_BUNDLE, Answer, Request
from lading.loadtests.plan import Traffic


class Load:
    """Requests, encoded, in the order in which they are asked, again and again.

    Raises what ``open_bundle`` and ``draw_requests`` do.
    """

    def __init__(self, bundle: Path, deployment: str | None, traffic: Traffic) -> None:
        with open_bundle(bundle) as opened:
            self.deployment = opened.manifest.name if deployment is None else deployment
            self.requests: tuple[Request, ...] = draw_requests(opened, self.deployment, traffic)
            self._digest = opened.digest
        self.timeout = traffic.timeout
        self.forms = [request.form for request in self.requests]
        self.dispatcher: Dispatcher | None = None
        """Hands out requests when they are due; None where users ask as soon as they have waited."""
        self._endpoint: Endpoint | None = None
        self._server: Server | None = None
        self._heads: list[bytes] = []
        self._asked = 0

    def go_to(self, endpoint: Endpoint) -> Server:
        """Encode what each request has before its body, for a server. Raises what ``Server`` does."""
        if self._server is None or endpoint != self._endpoint:
            self._server, self._endpoint = Server(endpoint), endpoint
            self._heads = [self._server.head(request) for request in self.requests]
        return self._server

    def request(self, number: int) -> tuple[Request, bytes]:
        """The request of the arrival of that number, and its head."""
        place = number % len(self.requests)
        return self.requests[place], self._heads[place]

    def check(self, request: Request, answer: Answer) -> str | None:
        """What kind of failure an answer is; None where it is right."""
        if answer.digest is not None and answer.digest != self._digest:
            return OTHER_BUNDLE
        return request.check(answer)

    def next(self) -> int:
        """The number of the next request of users who wait for nobody."""
        self._asked += 1
        return self._asked - 1

    def take(self) -> Arrival | None:
        """The next arrival of the dispatcher."""
        return None if self.dispatcher is None else self.dispatcher.take()
