"""The HTTP server round the application: uvicorn, used for its protocol only."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from alula.server.api.connections import Connection

ACCEPTED_AT_ONCE = 32
"""So many the event loop accepts before it looks how many there are, so it may be more by that."""
WAITING_MAX = 512
"""Connections that the kernel keeps until they are accepted."""


class HttpServer(uvicorn.Server):
    """uvicorn installs handlers for signals and has no option against it; signals are the command line's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(WAITING_MAX)  # asyncio takes the number that it accepts at once for this one too


def make_http_server(app: ASGIApp, *, connections_max: int, grace_s: float) -> HttpServer:
    """Not started; stops when `should_exit` is set, and gives calls that are under way `grace_s` to end."""
    config = uvicorn.Config(
        app,
        http=cast(type[Connection], partial(Connection, connections_max=connections_max)),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # a header can be forged: the connection alone tells the peer
        server_header=False,
        backlog=ACCEPTED_AT_ONCE,
        timeout_graceful_shutdown=int(grace_s),
    )
    config.load()  # imports; else on the event loop
    return HttpServer(config)
