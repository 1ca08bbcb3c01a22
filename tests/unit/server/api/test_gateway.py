"""RPCs as REST: where answers are written."""

from __future__ import annotations

import asyncio
import threading

import pytest
from flyteidl.service import identity_pb2
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.middleware import Middleware
from tests.unit.server.api.asking import LOCAL, ask

from alula.server.api import gateway
from alula.server.api.http_calls import Calls
from alula.server.api.messages import as_json

SERVICE = identity_pb2.DESCRIPTOR.services_by_name["IdentityService"]


class Answering:
    def __init__(self, size: int) -> None:
        self._size = size

    async def user_info(self, _: identity_pb2.UserInfoRequest, __: object) -> identity_pb2.UserInfoResponse:
        return identity_pb2.UserInfoResponse(subject="x" * self._size)


@pytest.mark.parametrize(("size", "is_beside"), [(100, False), (200_000, True)])
def test_large_answers_are_written_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, *, size: int, is_beside: bool
) -> None:
    threads: list[threading.Thread] = []

    def written(message: Message) -> bytes:
        threads.append(threading.current_thread())
        return as_json(message)

    monkeypatch.setattr(gateway, "as_json", written)
    routes = [gateway.Gateway([(SERVICE, (Answering(size),))])]
    app = Starlette(routes=routes, middleware=[Middleware(Calls, LOCAL, open_paths=())])
    assert asyncio.run(ask(app, "GET", "/me")).status == 200
    assert [thread is not threading.current_thread() for thread in threads] == [is_beside]
