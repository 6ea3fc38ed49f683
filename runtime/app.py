"""The application: every protocol on one port, over one set of deployed models."""

import logging
import re
import uuid
from collections.abc import Callable, Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.routing import Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.drift.observations import Observations
from lading.runtime.errors import InternalError, MethodNotAllowedError, TooMuchMemoryError, UnknownPathError
from lading.runtime.mirror import Mirror, shadowed
from lading.runtime.mirrored import Mirrored
from lading.runtime.protocols.compression import compressing
from lading.runtime.protocols.endpoint import CHOSEN, Prompt, Refuse, Refusing
from lading.runtime.protocols.intake import ClientGoneError, Intake
from lading.runtime.protocols.protocol import Protocol, load_protocols
from lading.runtime.protocols.replies import EmptyReply, Refusal, refusal
from lading.runtime.protocols.split import split
from lading.runtime.protocols.witness import Witness
from lading.runtime.tallies import Key, Tallies

LOG = logging.getLogger("lading.runtime")
REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")


class Application:
    """The ASGI application. ``scope["app"]`` is this object wherever a protocol answers."""

    draining: bool = False
    """Readiness answers 503 once it is set; requests are still answered."""

    def __init__(
        self,
        deployments: Deployments,
        settings: Settings,
        protocols: Sequence[Protocol] | None = None,
        tallies: Tallies | None = None,
        observations: Observations | None = None,
        witnesses: Sequence[Witness] = (),
        shadows: Callable[[], Mapping[Key, Mirrored]] | None = None,
    ) -> None:
        self.settings = settings
        self._witnesses = witnesses
        self.tallies = Tallies() if tallies is None else tallies
        """What is counted of the models, here and in the other processes that answer for them."""
        self.observations = Observations() if observations is None else observations
        """What is counted of what they are asked."""
        self.shadows = self._own_shadows if shadows is None else shadows
        """What came of the shadows, here and in the other processes."""
        self.intake = Intake(settings)
        self.protocols = tuple(load_protocols(settings) if protocols is None else protocols)
        self._deployments = Deployments()
        self.deployments = deployments

    @property
    def deployments(self) -> Deployments:
        """What is deployed; setting it swaps all models at once, and requests in flight end on the old ones."""
        return self._deployments

    @deployments.setter
    def deployments(self, deployments: Deployments) -> None:
        for model in deployments.variants():
            self.tallies.adopt(model)
            model.witnesses = self._witnesses
        # A bundle may be a canary and a shadow at once: what it answers is then what is counted.
        self.observations.adopt([*deployments.shadows.values(), *deployments.variants()])
        hot = split(self._endpoints(deployments), self._endpoints, deployments.canaries)
        _reflect(self._deployments, deployments)
        routes = [route for protocol in self.protocols for route in protocol.routes(deployments)]
        router: ASGIApp = Router(routes, redirect_slashes=False)
        if self.settings.compressed_bodies:
            hot, router = {path: compressing(endpoint) for path, endpoint in hot.items()}, compressing(router)
        self._hot, self._router, self._deployments = hot, router, deployments
        self.prompt = _prompt(hot)
        """The hot endpoints that answer without waiting where they can, by their path as it is on the wire."""

    def _own_shadows(self) -> Mapping[Key, Mirrored]:
        return {Key(one.name, one.version, one.digest): one.seen for one in shadowed(self._deployments)}

    def _endpoints(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """The hot endpoints of all protocols, by path."""
        return {path: endpoint for protocol in self.protocols for path, endpoint in protocol.hot(deployments).items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            scope["app"] = self
            endpoint = scope.get(CHOSEN) or self._hot.get(scope["path"])
            if endpoint is not None:
                await _guarded(endpoint, scope, receive, send)
            else:
                await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer on a path that is not hot as it stands; one trailing slash is let pass."""
        path = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            scope["path"] = path[:-1]
        await _guarded(self._hot.get(scope["path"], self._router), scope, receive, send)


def _reflect(before: Deployments, after: Deployments) -> None:
    """Have the shadows asked what the models of their names are, and those of before no more."""
    for model in before:
        wanted = after.shadows.get(model.name) if model in after else None
        if model.mirror is not None and model.mirror.shadow is not wanted:
            model.mirror.close()
            model.mirror = None
    for model in after:
        shadow = after.shadows.get(model.name)
        if shadow is not None and model.mirror is None:
            model.mirror = Mirror(model, shadow)


def _prompt(endpoints: Mapping[str, object]) -> dict[bytes, Prompt]:
    return {path.encode(): endpoint for path, endpoint in endpoints.items() if isinstance(endpoint, Prompt)}


async def _guarded(endpoint: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run ``endpoint``; what it raises becomes a JSON reply if none was begun, and the log has the rest."""
    started = False

    async def watched(message: Message) -> None:
        nonlocal started
        started = True
        await send(message)

    try:
        await endpoint(scope, receive, watched)
    except ClientGoneError:
        return
    except Exception as error:  # the rim of the process: logged, and answered 500
        reply = _reply(error, scope, endpoint.refuse if isinstance(endpoint, Refusing) else refusal)
        if not started:
            await reply(scope, receive, send)


def _reply(error: Exception, scope: Scope, refuse: Refuse) -> ASGIApp:
    if isinstance(error, HTTPException):
        return _http_refusal(error, scope)
    if isinstance(error, Refusal):
        return refuse(error, ())
    if isinstance(error, MemoryError):
        return refuse(TooMuchMemoryError(), ())
    request = _request_id(scope)
    about = {"request": request} | ({"model": scope["model"]} if "model" in scope else {})
    LOG.error("request %s: %s %s failed", request, scope["method"], scope["path"], exc_info=error, extra=about)
    return refuse(InternalError(request), ())


def _http_refusal(error: HTTPException, scope: Scope) -> ASGIApp:
    """The reply to what the router refused: an unknown path, or a method that the path does not answer."""
    if error.status_code != 405:
        return refusal(UnknownPathError(scope["path"]))
    allowed = ", ".join(sorted({*(error.headers or {}).get("Allow", "GET").split(", "), "OPTIONS"}))
    if scope["method"] == "OPTIONS":
        return EmptyReply(allowed)
    return refusal(MethodNotAllowedError(scope["method"], allowed))


def _request_id(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"x-request-id", b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


async def _live(receive: Receive, send: Send) -> None:
    """The lifespan: nothing to start, nothing to stop."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
