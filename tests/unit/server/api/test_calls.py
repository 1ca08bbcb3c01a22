"""The call of a request: the same for a servicer whichever wire it came by."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio
import pytest
from flyteidl.service import identity_pb2
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from tests.policies import ByHeader
from tests.unit.server.api.asking import ask

from alula.core.errors import AlulaError
from alula.server.api.calls import HOLD_RESERVE_S, Call, hold_s
from alula.server.api.gate import trusted
from alula.server.api.grpc.service import service_handler
from alula.server.api.http import make_app
from alula.server.api.http_calls import call_of
from alula.server.api.request_measures import RequestMeasures
from alula.server.identity import Caller

MEASURES = RequestMeasures("grpc")
pytestmark = pytest.mark.anyio
SERVICE = identity_pb2.DESCRIPTOR.services_by_name["IdentityService"]
ADA = Caller("ada")


class Kept:
    """A servicer that keeps its call, and says something beside its answer."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def user_info(self, _: identity_pb2.UserInfoRequest, call: Call) -> identity_pb2.UserInfoResponse:
        self.calls.append(call)
        call.answer_headers["beside"] = "the answer"
        return identity_pb2.UserInfoResponse(subject=call.caller.principal)


async def test_an_rpc_has_the_caller_that_its_metadata_tell() -> None:
    kept, server = Kept(), grpc.aio.server()
    server.add_generic_rpc_handlers((service_handler(SERVICE, kept, authentication=ByHeader(), measures=MEASURES),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    loop = asyncio.get_running_loop()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        user_info = channel.unary_unary(f"/{SERVICE.full_name}/UserInfo", None, None)
        for principal in ("ada", "bob"):
            metadata = (("principal", "eve"), ("principal", principal), ("raw-bin", b"\0"))
            rpc: Any = user_info(b"", timeout=40, metadata=metadata)
            assert identity_pb2.UserInfoResponse.FromString(await rpc).subject == principal
            assert ("beside", "the answer") in tuple(await rpc.initial_metadata())
        assert await user_info(b"\xff", metadata=(("principal", "ada"),)).code() is grpc.StatusCode.INVALID_ARGUMENT
    await server.stop(None)
    call = kept.calls[0]
    assert call.peer.startswith(("ipv4:127.0.0.1:", "ipv6:"))
    assert call.headers["principal"] == "ada"
    assert "raw-bin" not in call.headers
    assert call.deadline is not None and 0 < call.deadline - loop.time() <= 41  # gRPC rounds it up


async def test_a_request_over_http_has_the_caller_that_its_headers_tell() -> None:
    calls: list[Call] = []

    async def keep(request: Request) -> PlainTextResponse:
        calls.append(call_of(request))
        return PlainTextResponse("kept")

    app = make_app([Route("/x", keep)], trusted(()), ByHeader())
    host = ("Host", "localhost")
    for principal in ("ada", "bob"):
        assert (await ask(app, "GET", "/x", (host, ("Principal", "eve"), ("Principal", principal)))).status == 200
    assert [call.caller for call in calls] == [ADA, Caller("bob")]
    assert (calls[0].peer, calls[0].deadline) == ("ipv4:127.0.0.1:4711", None)
    refused = await ask(app, "GET", "/x", (host,))
    assert (refused.status, refused.code) == (401, "LoginMissing")
    assert "content-security-policy" in refused.headers


async def test_a_login_that_fails_of_its_own_is_an_incident() -> None:
    class Broken:
        async def caller(self, headers: object, peer: str) -> Caller:
            raise ValueError("secret detail")

    answer = await ask(make_app([], trusted(()), Broken()), "GET", "/x")
    assert (answer.status, answer.code) == (500, "Internal")
    assert b"secret" not in answer.body


@pytest.mark.parametrize("path", ["/healthcheck", "/objects/a"])
async def test_what_is_open_is_asked_no_login(path: str) -> None:
    class Asked:
        async def caller(self, headers: object, peer: str) -> Caller:
            raise AlulaError("Asked", "for a login")

    app = make_app(
        [Route(path, lambda request: PlainTextResponse(call_of(request).caller.principal))], trusted(()), Asked()
    )
    assert (await ask(app, "GET", path)).body == b""


async def test_only_flytekits_patient_questions_are_held() -> None:
    now = asyncio.get_running_loop().time()
    flytekit = {"user-agent": "grpc-python/1.60"}
    assert 60 - HOLD_RESERVE_S - 1 < hold_s(Call(ADA, headers=flytekit, deadline=now + 60)) <= 60 - HOLD_RESERVE_S
    assert hold_s(Call(ADA, headers=flytekit, deadline=now + 20)) == 0
    assert hold_s(Call(ADA, headers=flytekit)) == 0
    assert hold_s(Call(ADA, headers={"user-agent": "alula grpc-python/1.60"}, deadline=now + 60)) == 0
    assert hold_s(Call(ADA, headers={}, deadline=now + 60)) == 0
