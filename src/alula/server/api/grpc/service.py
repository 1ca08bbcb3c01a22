"""A gRPC service made of a protobuf descriptor and an object with a method per RPC.

Owns decoding, encoding and the one place where failures become statuses. An RPC that the object does not have
is UNIMPLEMENTED and says so. Made from descriptors so that no generated, untyped stub is imported.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc.aio
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from alula.core.errors import AlulaError
from alula.server.api.grpc.calls import Context
from alula.server.api.grpc.failures import Failure, failure_of, incident

# `Any`: a servicer's method takes its own request type; the descriptor, not the checker, pairs the two.
Method = Callable[[Any, Context], Awaitable[Message]]
_grpc: Any = grpc  # the stubs leave the type parameters of its factories open
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
Handler = Callable[[bytes, Any], Awaitable[bytes]]


def service_handler(service: ServiceDescriptor, *servicers: object) -> grpc.GenericRpcHandler[bytes, bytes]:
    """All RPCs of `service`, each answered by the first of `servicers` that has its method (see `method_name`)."""
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        method.name: _grpc.unary_unary_rpc_method_handler(_handler(service, method, method_of(servicers, method)))
        for method in service.methods
        if not method.client_streaming and not method.server_streaming
    }
    return _grpc.method_handlers_generic_handler(service.full_name, handlers)


def method_of(servicers: Sequence[object], rpc: MethodDescriptor) -> Method | None:
    """The method that answers an RPC, of the first servicer that has it."""
    found = (getattr(servicer, method_name(rpc.name), None) for servicer in servicers)
    return next((method for method in found if method is not None), None)


def method_name(rpc: str) -> str:
    """The servicer's method for an RPC.

    >>> method_name("CreateLaunchPlan")
    'create_launch_plan'
    """
    return _WORD_START.sub("_", rpc).lower()


def _handler(service: ServiceDescriptor, descriptor: MethodDescriptor, method: Method | None) -> Handler:
    name = f"{service.full_name}/{descriptor.name}"
    request_type = GetMessageClass(descriptor.input_type)

    async def handle(data: bytes, context: Context) -> bytes:
        if method is None:
            return await _end(context, unimplemented(descriptor.name))
        return await _answer(name, request_type, method, data, context)

    return handle


async def _answer(
    name: str,
    request_type: type[Message],
    method: Method,
    data: bytes,
    context: Context,
) -> bytes:
    try:
        request = request_type.FromString(data)
    except DecodeError as error:
        return await _end(context, Failure(grpc.StatusCode.INVALID_ARGUMENT, f"malformed request: {error}"))
    try:
        return (await method(request, context)).SerializeToString()
    except AlulaError as error:
        return await _end(context, failure_of(error))
    except asyncio.CancelledError:
        raise
    except grpc.aio.AbortError:
        raise
    except Exception as error:  # noqa: BLE001  the boundary: whatever escapes must not surface as UNKNOWN
        return await _end(context, incident(name, error))


async def _end(context: Context, failure: Failure) -> bytes:
    await context.abort(failure.status, failure.details, trailing_metadata=failure.trailers)
    raise AssertionError("abort returned")


_NOT_OFFERED = {
    **dict.fromkeys(
        ("GetOAuth2Metadata", "GetPublicClientConfig"),
        "authentication is off, and there is no login: set the client's `authType` to nothing",
    ),
}
"""What to say of RPCs that are missing on purpose."""


def unimplemented(rpc: str) -> Failure:
    """The answer for an RPC that no servicer has."""
    reason = f": {_NOT_OFFERED[rpc]}" if rpc in _NOT_OFFERED else ""
    return Failure(
        grpc.StatusCode.UNIMPLEMENTED,
        f"this version of Alula does not offer {rpc}{reason}",
        (("alula-code", "Unimplemented"),),
    )
