"""The HTTP server round the application: uvicorn, of which only the protocol is used."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import uvicorn

from alula.server.api.http import make_app
from alula.server.api.objects import Grant, SignedObjects, object_routes
from alula.server.identity import Caller
from alula.server.services.platform import Platform


class HttpServer(uvicorn.Server):
    """uvicorn installs handlers for signals and has no option against it; signals are the command line's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def make_http_server(
    platform: Platform, caller: Caller, objects: SignedObjects[Grant], *, grace_s: float
) -> HttpServer:
    """Not started; stops when `should_exit` is set, and gives calls that are under way `grace_s` to end."""
    config = uvicorn.Config(
        make_app(platform, caller, object_routes(objects, platform.clock)),
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=int(grace_s),
    )
    config.load()  # imports; else on the event loop
    return HttpServer(config)
