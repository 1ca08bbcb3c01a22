"""The REST side of the gRPC services: a route for every HTTP path that the specification gives to an RPC.

Made from the `google.api.http` annotations of the service descriptors and the servicers that answer gRPC, so that
there is one behaviour and two wires. Bodies and answers are JSON (snake_case, unset fields included) or, as
`application/octet-stream`, the messages themselves. Owns routes and how a request is read; decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from starlette.datastructures import URLPath
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

from alula.core.errors import InvalidInput
from alula.server.api.gate import JSON, OCTETS
from alula.server.api.grpc.service import Method, method_of, unimplemented
from alula.server.api.http_calls import call_of
from alula.server.api.messages import as_json, decoded, parsed, read_body
from alula.server.api.refusals import told
from alula.server.beside import done_beside

_ROUTE = "alula.route"
"""The key in a request's scope of the route that was found."""
VARIABLE = re.compile(r"\{([a-z_.]+)\}")
_http: Any = cast(Any, annotations_pb2).http  # the package has no stubs
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

Service = tuple[ServiceDescriptor, Sequence[object]]
"""A service, with the objects that answer its RPCs."""


def path_of(scope: Scope) -> str | None:
    """The path of the RPC that a request was routed to, as the specification writes it; None if it was to none."""
    route: Route | None = scope.get(_ROUTE)
    return None if route is None else route.name


class Gateway(BaseRoute):
    """A route for every HTTP path of every RPC, also for those that no servicer has.

    They are made for the first request that comes here: that takes longer than all the rest of the API's start.
    """

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = services

    @cached_property
    def routes(self) -> list[Route]:
        return [_route(binding) for binding in bindings_of(self._services)]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first of the routes that takes the request, else the first that takes its path."""
        best: tuple[Match, Scope] = Match.NONE, {}
        if scope["type"] == "http":
            for route in self.routes:
                match, found = route.matches(scope)
                if match.value > best[0].value:
                    best = match, {**found, _ROUTE: route}
                if match is Match.FULL:
                    break
        return best

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await cast(Route, scope[_ROUTE]).handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        raise NoMatchFound(name, path_params)  # nobody makes links to RPCs


class Binding(NamedTuple):
    """One verb and path of an RPC."""

    rpc: MethodDescriptor
    method: Method | None
    """None if no servicer answers it."""
    verb: str
    path: str
    """With fields of the request in braces, as dotted paths."""
    number: int
    """0 for the main binding of the RPC."""


def bindings_of(services: Iterable[Service]) -> Iterator[Binding]:
    """Every HTTP path of every RPC, additional bindings included."""
    for service, servicers in services:
        for rpc in service.methods:
            rule = rpc.GetOptions().Extensions[_http]
            for number, pattern in enumerate((rule, *rule.additional_bindings)):
                verb = pattern.WhichOneof("pattern")
                if verb is not None and verb != "custom":
                    yield Binding(rpc, method_of(servicers, rpc), verb.upper(), getattr(pattern, verb), number)


def _route(binding: Binding) -> Route:
    rpc, method = binding.rpc, binding.method
    fields: list[str] = VARIABLE.findall(binding.path)
    numbers = iter(range(len(fields)))
    path = VARIABLE.sub(lambda _: f"{{v{next(numbers)}}}", binding.path)  # dots can't be in a name of Starlette's

    async def answer(request: Request) -> Response:
        if method is None:
            return told(501, "Unimplemented", unimplemented(rpc.name).details)
        in_path = {field: request.path_params[f"v{number}"] for number, field in enumerate(fields)}
        message = await _read(request, rpc.input_type, in_path)
        answered = await method(message, call_of(request))
        if OCTETS in request.headers.get("accept", ""):
            return Response(answered.SerializeToString(), media_type=OCTETS)
        return Response(await done_beside(answered.ByteSize(), as_json, answered), media_type=JSON)

    return Route(path, answer, methods=[binding.verb], name=binding.path)


async def _read(request: Request, kind: Descriptor, in_path: Mapping[str, str]) -> Message:
    """The message of a request: its body, then its query, then the variables of its path."""
    body = await read_body(request)
    message = await done_beside(len(body), _from_body, body, request.headers.get("content-type", ""), kind)
    given: dict[str, Any] = {}
    for name in request.query_params:
        _put(given, kind, name, request.query_params.getlist(name))
    for name, text in in_path.items():
        _put(given, kind, name, [text])
    return parsed(given, message)


def _from_body(body: bytes, content_type: str, kind: Descriptor) -> Message:
    message = GetMessageClass(kind)()
    if not body:
        return message
    if content_type.lstrip().lower().startswith(OCTETS):
        try:
            message.ParseFromString(body)
        except DecodeError as error:
            raise InvalidInput("InvalidBody", f"the body is no {kind.name}: {error}") from error
        return message
    return parsed(decoded(body), message)


def _put(into: dict[str, Any], kind: Descriptor, path: str, texts: Sequence[str]) -> None:
    """Set the field at a dotted path, as data that protobuf's JSON form understands."""
    *outer, last = path.split(".")
    for name in outer:
        field = _field(kind, name, path)
        if field.message_type is None or field.is_repeated:
            raise _unknown(path)
        inner: Any = into.setdefault(field.name, {})
        if not isinstance(inner, dict):
            raise InvalidInput("InvalidParameter", f"`{path}` is a part of another parameter, which is given as a text")
        kind, into = field.message_type, cast(dict[str, Any], inner)
    field = _field(kind, last, path)
    values = [_value(field, text, path) for text in texts]
    into[field.name] = values if field.is_repeated else values[-1]


def _field(kind: Descriptor, name: str, path: str) -> FieldDescriptor:
    field = kind.fields_by_name.get(name) or kind.fields_by_camelcase_name.get(name)
    if field is None:
        raise _unknown(path)
    return field


def _value(field: FieldDescriptor, text: str, path: str) -> Any:
    if field.cpp_type != FieldDescriptor.CPPTYPE_BOOL:
        return text
    if text.lower() not in _BOOLEANS:
        raise InvalidInput("InvalidParameter", f"`{path}` must be true or false, not `{text}`")
    return _BOOLEANS[text.lower()]


def _unknown(path: str) -> InvalidInput:
    return InvalidInput("InvalidParameter", f"there is no parameter `{path}` here")
