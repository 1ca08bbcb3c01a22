"""The addresses of a process: its sockets, what clients reach it by, and its servers for gRPC and HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from alula.server import data_folder, descriptors
from alula.server.api.front import Front
from alula.server.api.gate import trusted
from alula.server.api.grpc import port as grpc_port
from alula.server.api.request_measures import RequestMeasures
from alula.server.authentication import Authentication, Local
from alula.server.blob import Blobs
from alula.server.blobs.signing import Grant
from alula.server.identity import NOBODY
from alula.server.services.platform import Platform
from alula.server.settings.schema import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from alula.server.api.http_server import HttpServer
    from alula.server.api.objects import SignedObjects

    class ServedBlobs(Blobs, SignedObjects[Grant], Protocol):
        """Objects whose signed URLs this process answers itself."""


GRACE_S = 5.0
"""The time that calls under way have to end when the platform stops."""
METRICS_CONNECTIONS_MAX = 20
"""The limit on the address that is for metrics alone."""


class Endpoints(msgspec.Struct, frozen=True):
    """The addresses of a running platform."""

    grpc: str
    """`host:port`"""
    http: str
    """`http://host:port`"""
    metrics: str = ""
    """`http://host:port/metrics` of the listener for metrics alone; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The listeners for clients."""

    rpc: grpc_port.Server
    grpc_port: int
    http: socket.socket
    http_connections_max: int


def http_socket(host: str, port: int, *, what: str = "HTTP", option: str = "--http-port") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise grpc_port.port_taken(what, f"{host}:{port}", option) from error
    # Connections inherit it. asyncio sets it only on sockets whose protocol was named when they were made.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def listen_for_metrics(settings: Settings) -> socket.socket:
    """Take the port for metrics alone. Raises `FailedPrecondition` if it is taken."""
    host, _, port = settings.metrics.address.rpartition(":")
    return http_socket(host.strip("[]"), int(port), what="metrics", option="`metrics.address`")


def listen(stack: contextlib.AsyncExitStack, settings: Settings, connections: descriptors.Connections) -> Listening:
    """Take the ports for clients. Raises `FailedPrecondition` for one that is taken."""
    http = stack.enter_context(http_socket(settings.host, settings.http.port))
    rpc = grpc_port.make_server(connections_max=connections.grpc_max)
    bound = grpc_port.bind(rpc, settings.host, settings.grpc.port)
    stack.push_async_callback(rpc.stop, None)
    return Listening(rpc, bound, http, connections.http_max)


def endpoints_of(settings: Settings, listening: Listening | None, metrics: socket.socket | None) -> Endpoints:
    """The addresses by which this platform is reached. They are another process's if this one does not listen to
    clients: as that says itself where it is ready, else as they are set."""
    own, host = "" if metrics is None else f"{url_of(metrics)}/metrics", _reached(settings.host)
    grpc, http = settings.grpc.port, settings.http.port
    if listening is not None:
        grpc, http = listening.grpc_port, listening.http.getsockname()[1]
    elif (info := data_folder.read_info(settings.data_folder)) is not None:
        return Endpoints(info.grpc, info.http, own)
    return Endpoints(f"{host}:{grpc}", settings.http.url.rstrip("/") or f"http://{host}:{http}", own)


def url_of(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return f"http://{_reached(host)}:{port}"


def _reached(host: str) -> str:
    """The name for clients of an address that is listened on: nobody can go to a wildcard."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


async def answer(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    authentication: Authentication,
    listening: Listening | None,
    metrics: socket.socket | None,
    platform: Platform,
    blobs: Blobs,
) -> None:
    """Let clients in where this process listens to them, and those of metrics where these have an address of their own.
    On the way out gRPC and HTTP stop first, together, and calls get a grace."""

    trust = trusted((settings.host, *settings.http.hosts), settings.http.url)

    def make_whole(counts: RequestMeasures) -> ASGIApp:
        from alula.server.api.console import console_routes  # lazy: made for the first request, see `Front`
        from alula.server.api.counted import Counted  # lazy: as above
        from alula.server.api.http import make_app, make_routes  # lazy: as above
        from alula.server.api.objects import object_routes  # lazy: as above

        objects = [] if settings.objects.url else object_routes(cast("ServedBlobs", blobs), platform.clock)
        routes = [*console_routes(), *make_routes(platform, objects)]
        return Counted(make_app(routes, trust, authentication), counts, routes)

    def make_servers() -> list[tuple[HttpServer, socket.socket]]:
        from alula.server.api.http_server import make_http_server  # lazy: what was interrupted starts again first

        servers: list[tuple[HttpServer, socket.socket]] = []
        if listening is not None:
            grpc_port.add_services(listening.rpc, platform, authentication)
            counts = RequestMeasures("http", platform.traces)
            platform.measures.add(counts)
            front = Front(platform, trust, counts, functools.partial(make_whole, counts))
            server = make_http_server(front, connections_max=listening.http_connections_max, grace_s=GRACE_S)
            servers.append((server, listening.http))
        if metrics is not None:
            from alula.server.api.http import health_route, make_app  # lazy: few platforms have such an address
            from alula.server.api.metrics import open_metrics_route  # lazy: as above

            app = make_app([open_metrics_route(platform.measures), health_route(platform)], trust, Local(NOBODY))
            server = make_http_server(app, connections_max=METRICS_CONNECTIONS_MAX, grace_s=GRACE_S)
            servers.append((server, metrics))
        return servers

    servers = await asyncio.to_thread(make_servers)  # the loop goes on starting attempts
    serving = [asyncio.create_task(server.serve(sockets=[on]), name="http") for server, on in servers]
    if listening is not None:
        await listening.rpc.start()

    async def stop_answering() -> None:
        for server, _ in servers:
            server.should_exit = True
        stopping = [listening.rpc.stop(GRACE_S)] if listening is not None else []
        await asyncio.gather(*stopping, *serving)

    stack.push_async_callback(stop_answering)
