"""A service made of a descriptor and an object: what becomes of answers and of failures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from flyteidl.service import identity_pb2
from tests.trailers import trailers
from tests.unit.server.api.asking import LOCAL

from alula.core import errors
from alula.server.api.grpc.failures import DETAILS_MAX_BYTES, failure_of
from alula.server.api.grpc.service import method_name, service_handler
from alula.server.api.request_measures import RequestMeasures

MEASURES = RequestMeasures("grpc")
pytestmark = pytest.mark.anyio
SERVICE = identity_pb2.DESCRIPTOR.services_by_name["IdentityService"]
Ask = Callable[[object], Any]


class Answering:
    def __init__(self, outcome: BaseException | str) -> None:
        self.outcome = outcome

    async def user_info(self, _: identity_pb2.UserInfoRequest, __: object) -> identity_pb2.UserInfoResponse:
        if isinstance(self.outcome, str):
            return identity_pb2.UserInfoResponse(subject=self.outcome)
        raise self.outcome


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def ask(anyio_backend: str) -> AsyncIterator[Ask]:
    """Serve one object and ask it once. One event loop for all tests: gRPC has late news for that of its first use."""
    servers: list[Any] = []
    channels: list[Any] = []

    async def ask(servicer: object) -> identity_pb2.UserInfoResponse:
        server = grpc.aio.server()
        servers.append(server)
        server.add_generic_rpc_handlers((service_handler(SERVICE, servicer, authentication=LOCAL, measures=MEASURES),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        channels.append(channel)
        call = channel.unary_unary(f"/{SERVICE.full_name}/UserInfo", None, identity_pb2.UserInfoResponse.FromString)
        return await call(b"", timeout=10)

    yield ask
    for channel in channels:
        await channel.close()
    for server in servers:
        await server.stop(None)


async def test_an_answer_is_encoded(ask: Ask) -> None:
    assert (await ask(Answering("ada"))).subject == "ada"


async def test_a_method_that_is_missing_is_unimplemented(ask: Ask) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(object())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "UserInfo" in (caught.value.details() or "")


async def test_a_bug_is_an_incident_with_its_traceback_in_the_log_only(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(Answering(ValueError("secret detail")))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in (caught.value.details() or "")
    incident = trailers(caught.value)["alula-incident"]
    assert str(incident) in caplog.text
    assert "secret detail" in caplog.text


async def test_a_not_implemented_error_of_ours_is_no_unknown_either(ask: Ask) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(Answering(NotImplementedError()))
    assert caught.value.code() is grpc.StatusCode.INTERNAL


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.InvalidInput, "INVALID_ARGUMENT"),
        (errors.NotFound, "NOT_FOUND"),
        (errors.AlreadyExists, "ALREADY_EXISTS"),
        (errors.FailedPrecondition, "FAILED_PRECONDITION"),
        (errors.PermissionDenied, "PERMISSION_DENIED"),
        (errors.Unauthenticated, "UNAUTHENTICATED"),
        (errors.ResourceExhausted, "RESOURCE_EXHAUSTED"),
        (errors.Unavailable, "UNAVAILABLE"),
    ],
)
async def test_an_error_of_the_platform_keeps_its_code(ask: Ask, kind: type[errors.AlulaError], status: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(Answering(kind("TheCode", "what it is", fix="what to do")))
    assert caught.value.code().name == status
    assert caught.value.details() == "what it is; what to do"
    told = trailers(caught.value)
    assert (told["alula-code"], told["alula-message"], told["alula-fix"]) == ("TheCode", "what it is", "what to do")


async def test_text_that_no_header_can_carry_travels_in_the_details(ask: Ask) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(Answering(errors.InvalidInput("C", "zwei\nZeilen, ü", fix="ändern")))
    assert caught.value.details() == "zwei\nZeilen, ü; ändern"
    assert "alula-message" not in trailers(caught.value)


def test_a_long_text_is_cut_to_what_trailers_hold() -> None:
    failure = failure_of(errors.InvalidInput("C", "ä" * 10_000))
    assert len(failure.details.encode()) * 3 <= DETAILS_MAX_BYTES + 100
    assert failure.details.endswith("(shortened)")


async def test_a_call_that_its_client_gave_up_is_cancelled(ask: Ask) -> None:
    ended = asyncio.Event()

    class Slow:
        async def user_info(self, _: object, __: object) -> identity_pb2.UserInfoResponse:
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
            raise AssertionError

    asking = asyncio.create_task(ask(Slow()))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(5):
        await ended.wait()


def test_methods_are_named_as_python_does() -> None:
    assert method_name("ListNodeExecutionsForTask") == "list_node_executions_for_task"
