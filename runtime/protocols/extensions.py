"""Extensions: the paths that Triton adds to the Open Inference Protocol; those that are offered, and a no for the rest."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from lading.runtime.deployments import Deployments
from lading.runtime.errors import MalformedRequestError, NotOfferedError, shown
from lading.runtime.model import Model
from lading.runtime.protocols.body import parse, refuse_repeated
from lading.runtime.protocols.head import check_head, head_of
from lading.runtime.protocols.model_configuration import configuration
from lading.runtime.protocols.replies import DIGEST_HEADER, JsonReply
from lading.runtime.protocols.statistics import all_statistics

OFFERED = ("binary_tensor_data", "classification", "model_configuration", "parameters", "statistics")
"""Their names in ``GET /v2``. Of ``model_repository`` only the index is there, so it is not among them."""

INDEX = "/v2/repository/index"
ALL_STATISTICS = "/v2/models/stats"

LOADING = "models are deployed with lading serve; over the network nothing is loaded or unloaded"
SHARING = "no memory is shared with clients; send the tensors' bytes"
TRACING = "nothing is traced; the access log names each request"
GENERATING = "no text is generated; POST to infer"

ONE, BOTH = ("POST",), ("GET", "POST")


def _shared(kind: str) -> dict[str, tuple[Sequence[str], str]]:
    """The paths of memory of one kind, which is shared region by region."""
    path = f"/v2/{kind}sharedmemory"
    told = {f"{path}/status": (("GET",), SHARING), f"{path}/region/{{region}}/status": (("GET",), SHARING)}
    regions = (f"{path}/region/{{region}}/register", f"{path}/region/{{region}}/unregister")
    return {**told, **dict.fromkeys((*regions, f"{path}/unregister"), (ONE, SHARING))}


NOT_OFFERED: Mapping[str, tuple[Sequence[str], str]] = {
    "/v2/repository/models/{name}/load": (ONE, LOADING),
    "/v2/repository/models/{name}/unload": (ONE, LOADING),
    **_shared("system"),
    **_shared("cuda"),
    "/v2/trace/setting": (BOTH, TRACING),
    "/v2/models/{name}/trace/setting": (BOTH, TRACING),
    "/v2/logging": (BOTH, "the log is set up where the server is started"),
    **{
        f"/v2/models/{{name}}{version}/{verb}": (ONE, GENERATING)
        for version in ("", "/versions/{version}")
        for verb in ("generate", "generate_stream")
    },
}
"""The paths of other extensions, their methods, and what to do instead."""

Asked = Callable[[Request], Model]


def extension_routes(deployments: Deployments, models: Iterable[str], asked: Asked) -> Sequence[BaseRoute]:
    """Index, statistics and configuration; ``models`` are the paths of one model, and ``asked`` says which one it is."""

    async def repository(request: Request) -> JsonReply:
        return JsonReply(index(deployments, not request.app.draining, await _only_ready(request)))

    async def every_model(request: Request) -> JsonReply:
        return await _statistics(request, deployments.variants())

    async def one_model(request: Request) -> JsonReply:
        return await _statistics(request, [asked(request)])

    async def one_configuration(request: Request) -> JsonReply:
        model = asked(request)
        return JsonReply(configuration(model), headers=[(DIGEST_HEADER, model.digest.encode())])

    return [
        Route(INDEX, repository, methods=["POST"]),
        Route(ALL_STATISTICS, every_model),
        *(Route(path + "/stats", one_model) for path in models),
        *(Route(path + "/config", one_configuration) for path in models),
        *(Route(path, _NotOffered(instead), methods=[*methods]) for path, (methods, instead) in NOT_OFFERED.items()),
    ]


def index(deployments: Deployments, ready: bool, only_ready: bool) -> list[dict[str, str]]:
    """The repository index of a server that is ``ready``, or is leaving; ``only_ready`` leaves out what is not."""
    state, reason = ("READY", "") if ready else ("UNAVAILABLE", "the server is leaving")
    asked: Iterable[Model] = () if only_ready and not ready else deployments.variants()
    return [{"name": model.name, "version": model.version, "state": state, "reason": reason} for model in asked]


class _NotOffered:
    """The protocol knows the path, this server does not offer it."""

    def __init__(self, instead: str) -> None:
        self._instead = instead

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotOfferedError(scope["path"], self._instead)


async def _statistics(request: Request, models: Iterable[Model]) -> JsonReply:
    # The counts of the other replicas are in files.
    return JsonReply({"model_stats": await asyncio.to_thread(all_statistics, models, request.app.tallies)})


async def _only_ready(request: Request) -> bool:
    """Whether the index is to have only what is ready; an empty body asks for everything."""
    intake = request.app.intake
    check_head(head_of(request.scope["headers"]), request.app.settings.body_bytes)
    body = await intake.read(request.receive)
    try:
        return bool(body) and _ready(body)
    finally:
        intake.release(len(body))


def _ready(body: bytes) -> bool:
    document = parse(body)
    if type(document) is not dict:
        raise MalformedRequestError(f"the body is {shown(document)}, expected an object, or no body")
    refuse_repeated(body, document, len(document))
    ready = document.get("ready", False)
    if type(ready) is not bool:
        raise MalformedRequestError(f"the request has {shown(ready)} for ready, expected true or false")
    return ready
