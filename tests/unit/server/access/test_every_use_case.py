"""No use case goes without a right, and no request without a caller. Each method of each servicer and each route is
called twice: without rights, and without a login. Those that need neither are listed here."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

import grpc.aio
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from starlette.routing import Route
from starlette.types import ASGIApp
from tests.policies import ByHeader, NobodyMay
from tests.unit.server.access.filled import filled
from tests.unit.server.api.asking import LOCAL, Answer, ask

from alula.core.errors import AlulaError
from alula.server.api.calls import Call
from alula.server.api.gate import trusted
from alula.server.api.gateway import VARIABLE, Gateway, bindings_of
from alula.server.api.grpc.port import add_services
from alula.server.api.grpc.server import OPEN, services_of
from alula.server.api.grpc.service import Method, method_of
from alula.server.api.http import OPEN as OPEN_PATHS
from alula.server.api.http import make_app, make_routes
from alula.server.api.objects import object_routes
from alula.server.authentication import Authentication
from alula.server.blobs.file import FileBlobs
from alula.server.identity import Caller
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio
NO_RIGHT = {
    "GetVersion": "what the platform is",
    "GetDomains": "what the platform is",
    "UserInfo": "what the caller is",
    "Check": "for probes",
    "CreateWorkflowEvent": "refused to everybody",
    "CreateNodeEvent": "refused to everybody",
    "CreateTaskEvent": "refused to everybody",
}
"""RPCs that ask for no right, and why."""
FOR_ALL = {"/api/v1/alula/about"}
"""Routes that ask for no right, as they tell only what the platform and the caller are."""
SIGNED = {"/objects/{path:path}", "/api/v1/alula/webhooks/{project}/{domain}/{name}"}
"""Routes whose URL, or the signature of whose message, is the right."""
HEADERS = (("host", "127.0.0.1:8088"), ("content-type", "application/octet-stream"))


class Untouched:
    """Stands for what may not be read before the right was asked for."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"`{name}` was asked for before the right to do so")


class Named(Untouched):
    """Objects that can be named and not read."""

    def uri(self, *parts: str) -> str:
        return "/".join(("/objects", *parts))


class Rpc(NamedTuple):
    service: str
    descriptor: MethodDescriptor
    method: Method


@pytest.fixture
def forbidding(platform: Platform) -> Platform:
    untouched: Any = Untouched()
    return dataclasses.replace(platform, access=NobodyMay(), store=untouched, blobs=cast(Any, Named()), hub=untouched)


@pytest.fixture
def signed(platform: Platform) -> list[Route]:
    return object_routes(cast(FileBlobs, platform.blobs), platform.clock)


def rpcs(platform: Platform) -> Iterator[Rpc]:
    for service, servicers in services_of(platform):
        for descriptor in service.methods:
            method = method_of(servicers, descriptor)
            if method is not None:
                yield Rpc(service.full_name, descriptor, method)


async def code_of(rpc: Rpc) -> str:
    """The code of the refusal; empty if there is none."""
    try:
        await rpc.method(filled(rpc.descriptor.input_type), Call(Caller("eve")))
    except AlulaError as error:
        return error.code
    return ""


async def test_every_rpc_asks_for_a_right_before_it_reads_anything(forbidding: Platform) -> None:
    codes = {f"{rpc.service}/{rpc.descriptor.name}": await code_of(rpc) for rpc in rpcs(forbidding)}
    open_ones = {name: code for name, code in codes.items() if name.rpartition("/")[2] not in NO_RIGHT}
    assert len(open_ones) > 60
    assert {name: code for name, code in open_ones.items() if code != "NotAllowed"} == {}


async def test_the_list_of_those_that_ask_for_no_right_is_true(forbidding: Platform) -> None:
    there = {rpc.descriptor.name: rpc for rpc in rpcs(forbidding)}
    codes = {name: await code_of(there[name]) for name in NO_RIGHT}
    assert {code for name, code in codes.items() if NO_RIGHT[name] != "refused to everybody"} == {""}
    assert {code for name, code in codes.items() if NO_RIGHT[name] == "refused to everybody"} == {"EngineIsInside"}


async def test_every_route_of_our_own_asks_for_a_right(forbidding: Platform, signed: list[Route]) -> None:
    app = make_app(make_routes(forbidding, signed), trusted(()), LOCAL)
    answers = {each: await ask(app, *each, HEADERS) for each in own_routes(forbidding, signed)}
    assert len(answers) > 6
    for (verb, path), answer in answers.items():
        told = (200, "") if path in FOR_ALL else (403, "NotAllowed")
        assert (answer.status, answer.code) == told, (verb, path, answer.body)


async def test_every_rest_path_asks_for_a_right(forbidding: Platform, signed: list[Route]) -> None:
    app = make_app(make_routes(forbidding, signed), trusted(()), LOCAL)
    asked = 0
    for binding in bindings_of(services_of(forbidding)):
        if binding.method is not None and binding.rpc.name not in NO_RIGHT:
            answer = await ask_rest(app, binding.verb, binding.path, filled(binding.rpc.input_type))
            assert (answer.status, answer.code) == (403, "NotAllowed"), (binding, answer.body)
            asked += 1
    assert asked > 60


async def test_an_object_is_had_by_a_signed_url_alone(forbidding: Platform, signed: list[Route]) -> None:
    app = make_app(make_routes(forbidding, signed), trusted(()), LOCAL)
    for verb in ("GET", "HEAD", "PUT"):
        answer = await ask(app, verb, "/objects/data/p/development/x", HEADERS)
        assert (answer.status, answer.code) == (403, "BadSignature")


async def test_no_route_is_for_callers_who_did_not_log_in(forbidding: Platform, signed: list[Route]) -> None:
    app = make_app(make_routes(forbidding, signed), trusted(()), ByHeader())
    for verb, path in own_routes(forbidding, signed):
        assert (await ask(app, verb, path, HEADERS)).status == 401
    for binding in bindings_of(services_of(forbidding)):
        answer = await ask_rest(app, binding.verb, binding.path, filled(binding.rpc.input_type))
        assert (answer.status, answer.code) == (401, "LoginMissing")
    assert (await ask(app, "GET", "/no/such/route")).status == 401
    for path in OPEN_PATHS:
        assert (await ask(app, "GET", path)).status != 401


async def test_no_rpc_is_for_callers_who_did_not_log_in(forbidding: Platform) -> None:
    async with served(forbidding, ByHeader()) as channel:
        for rpc in rpcs(forbidding):
            call = channel.unary_unary(f"/{rpc.service}/{rpc.descriptor.name}")(b"", timeout=10)
            refused = await call.code() is grpc.StatusCode.UNAUTHENTICATED
            assert refused is (rpc.service not in OPEN), rpc


@asynccontextmanager
async def served(platform: Platform, authentication: Authentication) -> AsyncIterator[Any]:
    server: Any = grpc.aio.server()
    add_services(server, platform, authentication)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


def own_routes(platform: Platform, signed: list[Route]) -> Iterator[tuple[str, str]]:
    """Verb and path of each route that is no RPC's and needs a caller."""
    for route in make_routes(platform, signed):
        if isinstance(route, Gateway):
            continue
        assert isinstance(route, Route)
        if route.path not in SIGNED and route.path not in OPEN_PATHS:
            path = route.path.replace("{attempt}", "0").replace("{", "").replace("}", "")
            yield from ((verb, path) for verb in route.methods or () if verb != "HEAD")


async def ask_rest(app: ASGIApp, verb: str, path: str, message: Message) -> Answer:
    def part(found: Any) -> str:
        value: Any = message
        for name in found.group(1).split("."):
            value = getattr(value, name)
        return str(value).replace("/", "%2F")

    if verb != "GET":
        return await ask(app, verb, VARIABLE.sub(part, path), HEADERS, (message.SerializeToString(),))
    texts = {field.name: text for field, text in message.ListFields() if isinstance(text, str)}
    return await ask(app, verb, f"{VARIABLE.sub(part, path)}?{urlencode(texts)}", HEADERS)
