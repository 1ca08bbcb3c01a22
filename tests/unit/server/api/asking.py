"""An ASGI application, asked without a server: one request, and the whole answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message

from alula.server.authentication import Local
from alula.server.identity import Caller

LOCAL = Local(Caller("ada"))


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The stable code of a refusal; empty for anything else."""
        try:
            return json.loads(self.body)["code"]
        except (ValueError, KeyError, TypeError):
            return ""


async def ask(
    app: ASGIApp,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]] = (("host", "127.0.0.1:8088"),),
    body: Sequence[bytes] = (b"",),
    *,
    local: tuple[str, int] = ("127.0.0.1", 8088),
) -> Answer:
    """`body` in pieces, as they come; `local` is the address that was connected to."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 4711),
        "server": local,
        "state": {},
    }
    coming: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in body]
    coming[-1]["more_body"] = False
    sent: list[Message] = []

    async def receive() -> Message:
        if not coming:
            await asyncio.Event().wait()  # the client stays to hear the answer
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Answer(
        start["status"],
        {name.decode(): value.decode("latin-1") for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )
