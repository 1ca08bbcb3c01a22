"""The gRPC server as a port that is bound: its limits and keepalive. Its services, see `server.py`, are made for the
first call: with their use cases they are a tenth of an idle platform.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import grpc.aio

from alula.core.errors import FailedPrecondition
from alula.server.api.request_measures import RequestMeasures
from alula.server.authentication import Authentication
from alula.server.services.platform import Platform

MESSAGE_MAX_BYTES = 64 * 1024 * 1024
METADATA_MAX_BYTES = 64 * 1024
CONCURRENT_CALLS_MAX = 2_000
OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_MAX_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", METADATA_MAX_BYTES),
    # Flyte clients ping an idle channel every 30 s; without these the server hangs up on them.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
    # Two servers on one port would share its calls instead of one of them failing.
    ("grpc.so_reuseport", 0),
)


Server: TypeAlias = Any
"""A `grpc.aio.Server`. `Any`: its stub leaves the type parameters of its methods open."""
_aio: Any = grpc.aio
Handlers: TypeAlias = "grpc.GenericRpcHandler[bytes, bytes]"
Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"


def make_server(*, connections_max: int) -> Server:
    """A server without services, to bind a port with."""
    options = (*OPTIONS, ("grpc.max_allowed_incoming_connections", connections_max))
    return _aio.server(options=options, maximum_concurrent_rpcs=CONCURRENT_CALLS_MAX)


def add_services(server: Server, platform: Platform, authentication: Authentication) -> None:
    """Let clients call everything that there is."""
    measures = RequestMeasures("grpc", platform.traces)
    platform.measures.add(measures)

    def make() -> Sequence[Handlers]:
        from alula.server.api.grpc.server import handlers_of  # lazy: as said above

        return handlers_of(platform, authentication, measures)

    server.add_generic_rpc_handlers((_MadeLater(make),))


class _MadeLater:
    """A `grpc.GenericRpcHandler` of services that are made when a method is first looked for."""

    def __init__(self, make: Callable[[], Sequence[Handlers]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Sequence[Handlers]:
        return self._make()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        found = (each.service(handler_call_details) for each in self._made)
        return next((handler for handler in found if handler is not None), None)


def bind(server: Server, host: str, port: int) -> int:
    """Take the port, or a free one for 0, and return it. Raises `FailedPrecondition` code `PortTaken`."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError as error:
        raise port_taken("gRPC", address, "--grpc-port") from error
    if bound == 0:
        raise port_taken("gRPC", address, "--grpc-port")
    return bound


def port_taken(what: str, address: str, option: str) -> FailedPrecondition:
    """The error for a port that can't be bound."""
    return FailedPrecondition(
        "PortTaken",
        f"the {what} address {address} can't be used: it is taken, or not of this machine",
        fix=f"stop what uses it, or choose another with {option} (0 takes a free one)",
    )
