"""The health service: whether the server is ready, as gRPC's own protocol for health asks it."""

from collections.abc import Mapping

from grpc_health.v1 import health_pb2

from lading.runtime.app import Application
from lading.runtime.errors import RequestError, shown
from lading.runtime.grpc.service import Call, Method, load_services
from lading.runtime.grpc.wire import unary

SERVER = ""
"""The service that stands for all of them."""


class UnknownServiceError(RequestError):
    """There is no gRPC service of that name."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"there is no service {shown(self.name)}; leave the name empty to ask for the server"


class Health:
    """``grpc.health.v1.Health``; ``Watch`` is not offered: it would tell of one replica, which the edge hides."""

    name = "grpc.health.v1.Health"

    def methods(self, application: Application) -> Mapping[str, Method]:
        """``Check``, for the server and for each of its services."""
        known = {SERVER, *(service.name for service in load_services())}

        async def check(request: health_pb2.HealthCheckRequest, call: Call) -> health_pb2.HealthCheckResponse:
            if request.service not in known:
                raise UnknownServiceError(request.service)
            kinds = health_pb2.HealthCheckResponse
            return kinds(status=kinds.NOT_SERVING if application.draining else kinds.SERVING)

        return {"Check": unary(health_pb2.HealthCheckRequest, check)}
