"""The standard health service of gRPC, for probes. It answers as long as the platform lets clients in."""

from __future__ import annotations

from typing import Any

from grpc_health.v1 import health_pb2

from alula.core.errors import NotFound
from alula.server.api.grpc.calls import Context

# `Any`: the package has no stubs.
_messages: Any = health_pb2
DESCRIPTOR = health_pb2.DESCRIPTOR
SERVICES = ("", "flyteadmin")
"""What may be asked for: the server as a whole, and Flyte's own name for it."""


class Health:
    """`Check` only: a client that finds no `Watch` takes the server for healthy, as the standard says."""

    async def check(self, request: Any, _: Context) -> Any:
        if request.service not in SERVICES:
            raise NotFound("ServiceNotFound", f"there is no service `{request.service}` here")
        return _messages.HealthCheckResponse(status=_messages.HealthCheckResponse.SERVING)
