"""Calls: every gRPC service over one application, and what goes wrong in one as a status of gRPC's."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
from grpc import aio

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.app import REQUEST_ID, Application
from lading.runtime.errors import InternalError, RequestError, TooMuchMemoryError
from lading.runtime.grpc.arrival import Arrival, Context
from lading.runtime.grpc.service import Call, GrpcService, Method, load_services
from lading.runtime.protocols.error_table import meaning
from lading.runtime.protocols.replies import Refusal, status_of, words

LOG = logging.getLogger("lading.runtime")

HEADER_BYTES = 64 * 1024
"""More than the edge lets pass; where gRPC itself would refuse them, it says so at random."""


class Calls(grpc.GenericRpcHandler):
    """Finds the method for a call, among those of what is deployed at that moment."""

    def __init__(self, application: Application, services: Sequence[GrpcService] | None = None) -> None:
        self._application = application
        self._services = tuple(load_services() if services is None else services)
        self._arrival = Arrival(application.settings, application.intake)
        self._renew()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a call; None where there is no such method."""
        if self._application.deployments is not self._deployments:
            self._renew()
        return self._handlers.get(handler_call_details.method)

    def _renew(self) -> None:
        self._deployments = self._application.deployments
        # A method takes one message. That of a stream is asked for when there is room, and for so long.
        self._handlers: dict[str, Any] = {
            f"/{service.name}/{name}": grpc.stream_unary_rpc_method_handler(_guarded(method, self._arrival))
            for service in self._services
            for name, method in service.methods(self._application).items()
        }


async def serve_calls(
    application: Application, path: Path, services: Sequence[GrpcService] | None = None
) -> aio.Server:
    """A server of all installed services, or of ``services``, that listens on the socket ``path``."""
    options = [
        ("grpc.max_receive_message_length", application.settings.body_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", HEADER_BYTES),
        ("grpc.absolute_max_metadata_size", 2 * HEADER_BYTES),
        ("grpc.compression_enabled_algorithms_bitset", 1),  # none: nothing bounds what a short message unfolds to
        ("grpc.so_reuseport", 0),
    ]
    server = aio.server(options=options)
    server.add_generic_rpc_handlers((Calls(application, services),))
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    return server


def _guarded(method: Method, arrival: Arrival) -> Callable[[object, Context], Awaitable[bytes]]:
    """``method`` as gRPC calls it; what it raises becomes a status, and the log has what is not the client's."""

    async def answer(_: object, context: Context) -> bytes:
        sent, remaining = tuple(context.invocation_metadata() or ()), context.time_remaining()
        call = Call(sent, None if remaining is None else max(0.0, round(remaining, 3)))
        try:
            async with arrival.message(context, sent) as message:
                return await method(message, call)
        except (RequestError, FieldError) as error:
            refused: Refusal = error
        except MemoryError:
            refused = TooMuchMemoryError()
        except Exception as error:  # the rim of the process: logged, and answered INTERNAL
            refused = _logged(error, call)
        finally:
            # As trailing metadata it leaves in one piece with the answer, so that a replica that dies has sent all
            # of an answer or nothing.
            context.set_trailing_metadata(call.metadata)
        return await context.abort(status_code(status_of(refused)), words(refused))

    return answer


def status_code(status: int) -> grpc.StatusCode:
    """What gRPC calls the HTTP status ``status``."""
    return grpc.StatusCode[meaning(status).grpc]


def _logged(error: Exception, call: Call) -> InternalError:
    given = dict(call.sent).get("x-request-id", "")
    request = given if isinstance(given, str) and REQUEST_ID.fullmatch(given.encode()) else uuid.uuid4().hex
    about = {"request": request} | ({} if call.model is None else {"model": call.model})
    LOG.error("request %s: a gRPC call failed", request, exc_info=error, extra=about)
    return InternalError(request)
