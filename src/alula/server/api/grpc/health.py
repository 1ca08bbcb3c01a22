"""The standard health service of gRPC, for probes. It answers as long as the platform lets clients in, and says whether
it can work."""

from __future__ import annotations

from typing import Any

from grpc_health.v1 import health_pb2

from alula.core.errors import FailedPrecondition, NotFound
from alula.server.api.calls import Call
from alula.server.services.platform import Platform

# `Any`: the package has no stubs.
_messages: Any = health_pb2
DESCRIPTOR = health_pb2.DESCRIPTOR
SERVICES = ("", "flyteadmin")
"""The names that may be asked for: the server as a whole, and Flyte's own name for it."""


class Health:
    """`Check` only: a client that finds no `Watch` takes the server for healthy, as the standard says."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def check(self, request: Any, _: Call) -> Any:
        if request.service not in SERVICES:
            raise NotFound("ServiceNotFound", f"there is no service `{request.service}` here")
        try:
            self._platform.check_health()
        except FailedPrecondition:
            return _messages.HealthCheckResponse(status=_messages.HealthCheckResponse.NOT_SERVING)
        return _messages.HealthCheckResponse(status=_messages.HealthCheckResponse.SERVING)
