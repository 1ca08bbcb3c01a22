"""A gRPC service made of a protobuf descriptor and an object with a method per RPC.

Owns decoding, encoding and the one place where failures become statuses. An RPC that the object does not have
is UNIMPLEMENTED and says so. Made from descriptors so that no generated, untyped stub is imported.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, cast

import grpc.aio
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from alula.core.errors import AlulaError, InvalidInput
from alula.server.api.calls import Call
from alula.server.api.grpc.failures import Failure, failure_of, incident
from alula.server.api.request_measures import RequestMeasures
from alula.server.authentication import Authentication
from alula.server.beside import done_beside
from alula.server.identity import NOBODY

Context: TypeAlias = grpc.aio.ServicerContext[bytes, bytes]
# `Any`: a servicer's method takes its own request type; the descriptor, not the checker, pairs the two.
Method = Callable[[Any, Call], Awaitable[Message]]
_grpc: Any = grpc  # the stubs leave the type parameters of its factories open
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
Handler = Callable[[bytes, Any], Awaitable[bytes]]


def service_handler(
    service: ServiceDescriptor,
    *servicers: object,
    authentication: Authentication | None,
    measures: RequestMeasures,
) -> grpc.GenericRpcHandler[bytes, bytes]:
    """All RPCs of `service`, each answered by the first of `servicers` that has its method (see `method_name`).

    `authentication` tells the caller of each; None for a service that needs no caller. `measures` count them.
    """
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        method.name: _grpc.unary_unary_rpc_method_handler(
            _handler(service, method, method_of(servicers, method), authentication, measures)
        )
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


def _handler(
    service: ServiceDescriptor,
    descriptor: MethodDescriptor,
    method: Method | None,
    authentication: Authentication | None,
    measures: RequestMeasures,
) -> Handler:
    name = f"{service.full_name}/{descriptor.name}"
    request_type = GetMessageClass(descriptor.input_type)

    async def handle(data: bytes, context: Context) -> bytes:
        with measures.request(lambda: _headers(context), name) as request:
            if method is None:
                answer = unimplemented(descriptor.name)
            else:
                answer = await _answer(name, request_type, method, authentication, data, context)
            request.answered(answer.status.name if isinstance(answer, Failure) else "OK")
        return await _end(context, answer) if isinstance(answer, Failure) else answer

    return handle


async def _answer(
    name: str,
    request_type: type[Message],
    method: Method,
    authentication: Authentication | None,
    data: bytes,
    context: Context,
) -> bytes | Failure:
    try:
        call = await _call(context, authentication)
        answer = await method(await done_beside(len(data), _decoded, request_type, data), call)
        if call.answer_headers:
            await context.send_initial_metadata(tuple(call.answer_headers.items()))
        return answer.SerializeToString()
    except AlulaError as error:
        return failure_of(error)
    except Exception as error:  # noqa: BLE001  the boundary: whatever escapes must not surface as UNKNOWN
        return incident(name, error)


def _headers(context: Context) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


async def _call(context: Context, authentication: Authentication | None) -> Call:
    headers = _headers(context)
    peer = context.peer()
    caller = NOBODY if authentication is None else await authentication.caller(headers, peer)
    left_s = cast(float | None, context.time_remaining())  # the stubs forget None, which is "no deadline"
    deadline = None if left_s is None else asyncio.get_running_loop().time() + left_s
    return Call(caller, peer, headers, deadline)


def _decoded(request_type: type[Message], data: bytes) -> Message:
    try:
        return request_type.FromString(data)
    except DecodeError as error:
        raise InvalidInput("InvalidBody", f"malformed request: {error}") from error


async def _end(context: Context, failure: Failure) -> bytes:
    await context.abort(failure.status, failure.details, trailing_metadata=failure.trailers)
    raise AssertionError("abort returned")


_NOT_OFFERED = {
    **dict.fromkeys(
        ("GetOAuth2Metadata", "GetPublicClientConfig"),
        "authentication is off, and there is no login: set the client's `authType` to nothing",
    ),
}
"""The reasons why some RPCs are missing on purpose."""


def unimplemented(rpc: str) -> Failure:
    """The answer for an RPC that no servicer has."""
    reason = f": {_NOT_OFFERED[rpc]}" if rpc in _NOT_OFFERED else ""
    return Failure(
        grpc.StatusCode.UNIMPLEMENTED,
        f"this version of Alula does not offer {rpc}{reason}",
        (("alula-code", "Unimplemented"),),
    )
