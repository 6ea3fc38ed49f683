"""The administration API: what is deployed, and how it is changed, as JSON over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lading.bundles.manifest import BundleName
from lading.bundles.manifest_reading import in_words
from lading.bundles.records import Digest, Record
from lading.core.errors import ConflictError, IntegrityError, LadingError, PolicyError, UsageError
from lading.runtime.administration.author import author
from lading.runtime.administration.deployer import Change, Deployer
from lading.runtime.administration.state import Author, Deployed, Limits, NotDeployedError, State, Version
from lading.runtime.administration.state_folder import UnknownBundleError

if TYPE_CHECKING:
    from lading.runtime.serving.metrics import Metrics

BODY_BYTES = 64 * 1024
SOMEBODY = "somebody"

NAMES = TypeAdapter(BundleName)
STATUSES: Mapping[type[LadingError], int] = {UsageError: 400, PolicyError: 403, ConflictError: 409, IntegrityError: 422}

Told = Callable[[Mapping[str, Deployed]], Mapping[str, Mapping[str, object]]]
"""What came of what is deployed, by name."""

Answer = Callable[[Request], Awaitable[Response]]


class Wish(Record):
    """What comes with a change."""

    who: Annotated[str, Field(max_length=200)] = SOMEBODY
    why: Annotated[str, Field(max_length=1000)] = ""


class DeployWish(Wish):
    """The same for a deployment."""

    digest: Digest
    allow_older: bool = False
    """Whether its version may be older than what answers, where the policy forbids that."""


class CanaryWish(DeployWish):
    """The same for a canary."""

    share: Annotated[float, Field(gt=0, lt=1)]
    limits: Limits = Limits()


Wished = TypeVar("Wished", bound=Wish)


class BadNameError(UsageError):
    """A name that nothing can be deployed under."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} cannot be a deployment's name; it has lower-case letters, digits, '.', '_' and '-', at most 64"


class BodyError(UsageError):
    """The request's body is not what the API takes."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"the body is not what is expected here: {self.problem}"


def administration(
    deployer: Deployer, told: Told, tell: Callable[[str], None], metrics: "Metrics | None" = None
) -> Starlette:
    """The API over ``deployer``; every path that is not listed here is closed.

    ``told`` says what came of what is deployed; ``tell`` hears what was refused; ``metrics`` are told
    where there are any.
    """
    api, guarded = _Api(deployer, told), partial(_guarded, tell)
    routes = [
        Route("/deployments", guarded(api.status), methods=["GET"]),
        Route("/deployments/{name}", guarded(api.one), methods=["GET"]),
        Route("/deployments/{name}", guarded(api.deploy), methods=["PUT"]),
        Route("/deployments/{name}", guarded(api.simple(State.undeploy)), methods=["DELETE"]),
        Route("/deployments/{name}/rollback", guarded(api.simple(State.rollback)), methods=["POST"]),
        Route("/deployments/{name}/canary", guarded(api.canary), methods=["PUT"]),
        Route("/deployments/{name}/canary", guarded(api.simple(State.abort)), methods=["DELETE"]),
        Route("/deployments/{name}/promote", guarded(api.simple(State.promote)), methods=["POST"]),
        Route("/deployments/{name}/shadow", guarded(api.shadow), methods=["PUT"]),
        Route("/deployments/{name}/shadow", guarded(api.simple(State.unshadowed)), methods=["DELETE"]),
        Route("/history", guarded(api.history), methods=["GET"]),
        Route("/v2/repository/index", guarded(api.index), methods=["POST"]),
        Route("/v2/repository/models/{name}/load", guarded(api.load), methods=["POST"]),
        Route("/v2/repository/models/{name}/unload", guarded(api.unload), methods=["POST"]),
    ]
    if metrics is not None:
        routes.append(Route("/metrics", _told(metrics), methods=["GET"]))
        routes.append(Route("/health", _health(metrics), methods=["GET"]))
    return Starlette(routes=routes, exception_handlers={HTTPException: _closed})


class _Api:
    def __init__(self, deployer: Deployer, told: Told) -> None:
        self._deployer, self._told = deployer, told

    async def status(self, _: Request) -> Response:
        """Everything that is deployed, and what came of it."""
        state = self._deployer.state
        figures = await asyncio.to_thread(self._told, state.deployed)
        deployed = _deployments(state)
        return JSONResponse(
            {"deployments": {name: found | {"figures": figures[name]} for name, found in deployed.items()}}
        )

    async def one(self, request: Request) -> Response:
        """What is deployed under one name, and its history."""
        name = request.path_params["name"]
        self._deployer.state.get(name)
        return self._now(name)

    async def history(self, _: Request) -> Response:
        """Every change that is remembered, the latest last."""
        return JSONResponse({"history": [change.model_dump(mode="json") for change in self._deployer.state.history]})

    async def deploy(self, request: Request) -> Response:
        """Have a bundle answer to a name."""
        name, wish = _name(request), await _wish(request, DeployWish)
        bundle, by = self._bundle(name, wish), _author(wish)
        return await self._changed(name, lambda state: state.deploy(name, bundle(state), by))

    def simple(self, change: Callable[[State, str, Author], State]) -> Answer:
        """What makes a ``change`` that needs to know nothing but the name, who and why."""

        async def answer(request: Request) -> Response:
            name, by = _name(request), _author(await _wish(request, Wish))
            return await self._changed(name, lambda state: change(state, name, by))

        return answer

    async def canary(self, request: Request) -> Response:
        """Have a bundle answer a share of the requests."""
        name, wish = _name(request), await _wish(request, CanaryWish)
        bundle, by = self._bundle(name, wish), _author(wish)
        return await self._changed(name, lambda state: state.canary(name, bundle(state), wish.share, wish.limits, by))

    async def shadow(self, request: Request) -> Response:
        """Have a bundle asked the same."""
        name, wish = _name(request), await _wish(request, DeployWish)
        bundle, by = self._bundle(name, wish), _author(wish)
        return await self._changed(name, lambda state: state.shadowed(name, bundle(state), by))

    async def index(self, _: Request) -> Response:
        """The models that the server knows of, as the Open Inference Protocol lists a repository."""
        state = self._deployer.state
        known = sorted({change.name for change in state.history} | set(state.deployed))
        return JSONResponse([_indexed(name, state) for name in known])

    async def load(self, request: Request) -> Response:
        """Have what answered to a name last answer to it."""
        name, by = _name(request), author(SOMEBODY, "loaded by name")
        version = self._deployer.state.last(name)
        if version is None:
            raise NotDeployedError(name, tuple(self._deployer.state.deployed))
        bundle = partial(self._deployer.bundle, version.digest)
        await self._deployer.change(lambda state: state.deploy(name, bundle(), by))
        return JSONResponse({})

    async def unload(self, request: Request) -> Response:
        """Have nothing answer to a name."""
        name, by = _name(request), author(SOMEBODY, "unloaded by name")
        await self._deployer.change(lambda state: state.undeploy(name, by))
        return JSONResponse({})

    def _bundle(self, name: str, wish: DeployWish) -> Callable[[State], Version]:
        """The bundle that is wished for, where it may be had in a state."""
        return lambda state: self._deployer.fit(state, name, wish.digest, wish.allow_older)

    async def _changed(self, name: str, change: Change) -> Response:
        await self._deployer.change(change)
        return self._now(name)

    def _now(self, name: str) -> Response:
        state = self._deployer.state
        history = [change.model_dump(mode="json") for change in state.history if change.name == name]
        return JSONResponse({"name": name, **_deployments(state).get(name, {"bundle": None}), "history": history})


def _told(metrics: "Metrics") -> Answer:
    async def told(_: Request) -> Response:
        """How the server is doing, for Prometheus."""
        try:
            return Response(await metrics.text(), media_type=metrics.media_type)
        except OSError:
            return JSONResponse({"error": "the edge is being started again; ask again in a moment"}, 503)

    return told


def _health(metrics: "Metrics") -> Answer:
    async def health(_: Request) -> Response:
        """Whether requests are answered: whether the edge runs and has a replica to send them to."""
        if up := await metrics.up():
            return JSONResponse({"ready": True, "replicas": up})
        return JSONResponse(
            {"error": "no replica is up, so requests are answered 503", "ready": False, "replicas": 0}, 503
        )

    return health


def _deployments(state: State) -> dict[str, dict[str, object]]:
    return {name: found.model_dump(mode="json") for name, found in state.deployed.items()}


def _indexed(name: str, state: State) -> Mapping[str, object]:
    version = state.last(name)
    ready = name in state.deployed
    reason = {} if ready else {"reason": "unloaded"}
    return {
        "name": name,
        "version": version.version if version else "",
        "state": "READY" if ready else "UNAVAILABLE",
    } | reason


def _name(request: Request) -> str:
    """The name that something is to be deployed under; raises ``BodyError`` for what can be none."""
    name: str = request.path_params["name"]
    try:
        return NAMES.validate_python(name)
    except ValidationError as error:
        raise BadNameError(name) from error


def _author(wish: Wish) -> Author:
    return author(wish.who, wish.why, isinstance(wish, DeployWish) and wish.allow_older)


async def _wish(request: Request, kind: type[Wished]) -> Wished:
    """What the body says, an object or nothing; raises ``BodyError``."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            raise BodyError(f"it is longer than {BODY_BYTES} bytes")
    try:
        return kind.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise BodyError(in_words(error)) from error


def _guarded(tell: Callable[[str], None], answer: Answer) -> Answer:
    """``answer``, with what it raises as JSON, and told."""

    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except LadingError as error:
            refused = error
        except Exception as error:  # the rim of the server: whatever it is, it goes on, and says so
            refused = LadingError(f"the server failed: {type(error).__name__}: {error}")
        tell(f"administration: {request.method} {request.url.path} was refused: {refused}")
        document = {"error": str(refused), "kind": type(refused).__name__, "exit_code": refused.exit_code}
        return JSONResponse(document, _status(refused))

    return guarded


def _status(error: LadingError) -> int:
    if isinstance(error, NotDeployedError | UnknownBundleError):
        return 404
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 500)


async def _closed(request: Request, error: Exception) -> Response:
    """What is not listed is not there."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"error": f"there is no {request.method} {request.url.path} here"}, status)
