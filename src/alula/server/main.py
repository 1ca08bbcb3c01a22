"""The composition root: the only module that names adapters. It builds the platform, runs it, and takes it down.

Ports are bound and the data folder is locked before anything else is done, so that a bad start fails at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import FailedPrecondition
from alula.core.ids import ExecutionId
from alula.server import data_folder, descriptors
from alula.server.access import Access, EverybodyMay
from alula.server.api.grpc import port as grpc_port
from alula.server.authentication import Authentication, Local
from alula.server.blob import Blobs
from alula.server.blobs.file import FileBlobs
from alula.server.blobs.signing import Grant
from alula.server.delivery import Subscription
from alula.server.duties import Duties
from alula.server.executor import Executor
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.routing import Routing
from alula.server.identity import NOBODY
from alula.server.logs.objects import ObjectLogs
from alula.server.measures import Measured, Measures
from alula.server.process_measures import measured
from alula.server.runner.children import Children
from alula.server.runner.runner import Runner
from alula.server.scheduler.scheduler import Scheduler
from alula.server.services.home import require_objects
from alula.server.services.platform import RECHECK_S, Platform
from alula.server.services.watch import Hub
from alula.server.settings.schema import PROCESS, Settings
from alula.server.store import Store
from alula.server.stores.sql.adapter import SqlStore
from alula.server.traces import NO_TRACES, Traces

if TYPE_CHECKING:
    from alula.server.api.http_server import HttpServer
    from alula.server.api.objects import SignedObjects

    class ServedBlobs(Blobs, SignedObjects[Grant], Measured, Protocol):
        """Objects whose signed URLs this process answers itself."""


GRACE_S = 5.0
"""The time that calls under way have to end when the platform stops."""
METRICS_CONNECTIONS_MAX = 20
"""The limit on the address that is for metrics alone."""
FOLDER_CHECK_S = 2.0
"""The interval at which the data folder is looked for, as it may be gone."""
SHARED_RECHECK_S = 1.0
"""The interval at which a watcher reads the store, in case another platform on the database has changed something."""
_log = logging.getLogger(__name__)


class Endpoints(msgspec.Struct, frozen=True):
    """The addresses of a running platform."""

    grpc: str
    """`host:port`"""
    http: str
    """`http://host:port`"""
    metrics: str = ""
    """`http://host:port/metrics` of the listener for metrics alone; empty if there is none."""


def _store(settings: Settings) -> Store:
    return SqlStore(settings.store.database or settings.data_folder / "alula.sqlite", clock=_clock)


def _blobs(settings: Settings, http_endpoint: str, traces: Traces) -> ServedBlobs:
    folder = settings.data_folder
    return FileBlobs(folder / "objects", folder / "signing.key", base_url=http_endpoint, traces=traces)


def _executor(settings: Settings, endpoints: Endpoints, measures: Measures) -> Executor:
    process = ProcessExecutor(settings.data_folder, settings.executors.process, way_back=_way_back(endpoints))
    measures.add(process)
    return Routing({PROCESS: process}, settings.routes)


def _authentication(settings: Settings) -> Authentication:
    return Local(settings.caller)


def _access(settings: Settings) -> Access:
    return EverybodyMay()


def _consumers(settings: Settings, platform: Platform) -> Sequence[Subscription]:
    return ()


@dataclass(frozen=True, slots=True)
class Adapters:
    """The adapters of the ports, as functions that make them; none is started yet."""

    store: Callable[[Settings], Store] = _store
    blobs: Callable[[Settings, str, Traces], ServedBlobs] = _blobs
    """Of the settings and the `http://host:port` of this process."""
    executor: Callable[[Settings, Endpoints, Measures], Executor] = _executor
    """Adds the executor's sources of figures to the measures."""
    authentication: Callable[[Settings], Authentication] = _authentication
    access: Callable[[Settings], Access] = _access
    consumers: Callable[[Settings, Platform], Sequence[Subscription]] = _consumers
    """The consumers of events in the life of runs."""


async def serve(
    settings: Settings,
    *,
    ready: Callable[[Endpoints], None],
    stop: asyncio.Event,
    adapters: Adapters = Adapters(),
) -> None:
    """Run the platform until `stop`; `ready` is called once when it answers.

    Raises `FailedPrecondition` for a taken port, a data folder in use or a store that is too new, and the store's
    errors if it can't be opened.
    """
    folder = settings.data_folder
    with data_folder.held(folder) as holding:
        async with contextlib.AsyncExitStack() as stack:
            http_socket = stack.enter_context(_http_socket(settings.host, settings.http.port))
            metrics_socket = stack.enter_context(_metrics_socket(settings)) if settings.metrics.address else None
            connections = descriptors.connections()
            rpc = grpc_port.make_server(connections_max=connections.grpc_max)
            bound = grpc_port.bind(rpc, settings.host, settings.grpc.port)
            stack.push_async_callback(rpc.stop, None)
            endpoints = _endpoints(settings, bound, http_socket, metrics_socket)
            store = adapters.store(settings)
            traces = _traces(settings, store)
            blobs = adapters.blobs(settings, endpoints.http, traces)
            platform = await stack.enter_async_context(
                _platform(settings, adapters.access(settings), store, blobs, traces, endpoints, holding)
            )
            stack.push_async_callback(traces.stop)
            platform.measures.add(blobs)
            stack.enter_context(measured(platform.measures))
            executor = adapters.executor(settings, endpoints, platform.measures)
            process = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
            duties = _duties(settings, platform, process)
            await duties.deliver(adapters.consumers(settings, platform))
            runner = await stack.enter_async_context(_running(settings, platform, executor, duties, process))
            platform.measures.add(runner)
            descriptors.raise_limit()  # after the executor was made, whose attempts keep the limit that there was
            authentication = adapters.authentication(settings)
            sockets = [http_socket, *([metrics_socket] if metrics_socket is not None else ())]
            await _answer(stack, settings, authentication, rpc, sockets, platform, blobs, connections.http_max)
            stack.callback(data_folder.remove_info, folder)
            _write_info(folder, endpoints, platform.clock())
            ready(endpoints)
            duties.start()
            stack.push_async_callback(duties.stop)
            gc.freeze()  # looking through all that stays took a sixth of the time of a busy platform
            try:
                await _until(stop, runner, duties, holding)
            finally:
                platform.hub.close()  # ends streams and held calls, which would otherwise wait out the grace


def _duties(settings: Settings, platform: Platform, process: str) -> Duties:
    duties = Duties(
        platform.store, platform.measures, process, lease_us=_lease_us(settings), recheck_s=platform.recheck_s
    )
    duties.add("scheduler", Scheduler(platform, catch_up_max=settings.scheduler.catch_up_max))
    return duties


def _lease_us(settings: Settings) -> int:
    return round(settings.runner.lease_s * 1_000_000)


def _traces(settings: Settings, store: Store) -> Traces:
    if settings.traces.exporter == "off":
        return NO_TRACES
    try:
        from alula.server.tracing.otel import OpenTelemetry  # lazy: a platform without traces imports none of it
    except ImportError as error:
        raise FailedPrecondition(
            "TracesNotInstalled",
            f"`traces.exporter` is `{settings.traces.exporter}`, and OpenTelemetry is not installed "
            f"({error.name} is missing)",
            fix="pip install 'alula[otel]'",
        ) from error
    return OpenTelemetry(store)


@contextlib.asynccontextmanager
async def _platform(
    settings: Settings,
    access: Access,
    store: Store,
    blobs: Blobs,
    traces: Traces,
    endpoints: Endpoints,
    holding: data_folder.Holding,
) -> AsyncGenerator[Platform]:
    """The platform for use cases, with store and objects opened."""
    await blobs.start()
    await store.start()
    try:
        platform = Platform(
            store=store,
            blobs=blobs,
            logs=ObjectLogs(blobs),
            access=access,
            hub=Hub(),
            traces=traces,
            clock=_clock,
            random_bytes=secrets.token_bytes,
            check_health=holding.check,
            recheck_s=SHARED_RECHECK_S if settings.store.database else RECHECK_S,
            http_endpoint=endpoints.http,
            domains=settings.runs.domains,
            max_parallelism=settings.runs.max_parallelism,
            system_retries=settings.runs.system_retries,
            memory_growth=settings.runs.memory_growth,
            tiers=settings.quality_of_service,
            inline_max_bytes=settings.runs.inline_max_bytes,
        )
        if settings.store.database:
            await require_objects(platform)
        yield platform
    finally:
        await store.stop()
        await blobs.stop()


@contextlib.asynccontextmanager
async def _running(
    settings: Settings, platform: Platform, executor: Executor, duties: Duties, runner_id: str
) -> AsyncGenerator[Runner]:
    """The runner and its executor, which the runner starts and stops."""
    folder = settings.data_folder
    # The folder's lock is ours, so an earlier server here is dead, and its claims need not wait for their lease: in the
    # folder's own database all claims, in another those of its runner.
    before = data_folder.last_runner(folder) if settings.store.database else None
    await platform.store.ownership.release(before)
    await platform.store.leases.release(before)
    data_folder.write_runner(folder, runner_id)

    def publish(execution: ExecutionId, phase: ExecutionPhase) -> None:
        platform.hub.publish(execution, phase)
        duties.has_committed()

    runner = Runner(
        store=platform.store,
        executor=executor,
        blobs=platform.blobs,
        children=Children(platform),
        publish=publish,
        clock=platform.clock,
        runner_id=runner_id,
        platform_id=data_folder.platform_id(folder),
        lease_us=_lease_us(settings),
        traces=platform.traces,
    )
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def _answer(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    authentication: Authentication,
    rpc: grpc_port.Server,
    sockets: Sequence[socket.socket],
    platform: Platform,
    blobs: ServedBlobs,
    http_connections_max: int,
) -> None:
    """Let clients in; on the way out gRPC and HTTP stop first, together, and calls get a grace.

    `sockets`: for HTTP, and for metrics alone if they have an address of their own.
    """

    def make_http() -> list[HttpServer]:
        from alula.server.api.counted import Counted  # lazy: what was interrupted starts again first
        from alula.server.api.gate import trusted  # lazy: as above
        from alula.server.api.grpc.server import add_services  # lazy: as above
        from alula.server.api.http import make_app, make_routes  # lazy: as above
        from alula.server.api.http_server import make_http_server  # lazy: as above
        from alula.server.api.metrics import open_metrics_route  # lazy: as above
        from alula.server.api.objects import object_routes  # lazy: as above

        add_services(rpc, platform, authentication)
        trust = trusted((settings.host, *settings.http.hosts), settings.http.url)
        routes = make_routes(platform, object_routes(blobs, platform.clock))
        app = Counted(make_app(routes, trust, authentication), platform.measures, routes, platform.traces)
        servers = [make_http_server(app, connections_max=http_connections_max, grace_s=GRACE_S)]
        if len(sockets) > 1:
            app = make_app([open_metrics_route(platform.measures)], trust, Local(NOBODY))
            servers.append(make_http_server(app, connections_max=METRICS_CONNECTIONS_MAX, grace_s=GRACE_S))
        return servers

    servers = await asyncio.to_thread(make_http)  # the loop goes on starting attempts
    serving = [
        asyncio.create_task(server.serve(sockets=[listening]), name="http")
        for server, listening in zip(servers, sockets, strict=True)
    ]
    await rpc.start()

    async def stop_answering() -> None:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(rpc.stop(GRACE_S), *serving)

    stack.push_async_callback(stop_answering)


async def _until(stop: asyncio.Event, runner: Runner, duties: Duties, holding: data_folder.Holding) -> None:
    """Return when asked to stop; raise the error that ended the runner or took the folder away, for a platform that
    runs nothing must not look alive."""
    ends = [asyncio.ensure_future(work) for work in (stop.wait(), runner.wait(), duties.wait(), _until_lost(holding))]
    try:
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in done:
            end.result()
    finally:
        for end in ends:
            end.cancel()


async def _until_lost(holding: data_folder.Holding) -> None:
    while True:
        holding.check()
        await asyncio.sleep(FOLDER_CHECK_S)


def _http_socket(host: str, port: int, *, what: str = "HTTP", option: str = "--http-port") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise grpc_port.port_taken(what, f"{host}:{port}", option) from error
    # Connections inherit it. asyncio sets it only on sockets whose protocol was named when they were made.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _metrics_socket(settings: Settings) -> socket.socket:
    host, _, port = settings.metrics.address.rpartition(":")
    return _http_socket(host.strip("[]"), int(port), what="metrics", option="`metrics.address`")


def _endpoints(settings: Settings, grpc_port: int, http: socket.socket, metrics: socket.socket | None) -> Endpoints:
    host = _reached(settings.host)
    return Endpoints(
        f"{host}:{grpc_port}",
        settings.http.url.rstrip("/") or f"http://{host}:{http.getsockname()[1]}",
        "" if metrics is None else f"http://{_reached(metrics.getsockname()[0])}:{metrics.getsockname()[1]}/metrics",
    )


def _reached(host: str) -> str:
    """The name for clients of an address that is listened on: nobody can go to a wildcard."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _way_back(endpoints: Endpoints) -> dict[str, str]:
    """The variables by which a client in an attempt reaches this platform: flytekit, for eager tasks, and
    `alula.Remote`."""
    return {
        "FLYTE_PLATFORM_URL": endpoints.grpc,
        "FLYTE_PLATFORM_INSECURE": "true",
        "ALULA_ENDPOINT": f"http://{endpoints.grpc}",
    }


def _write_info(folder: Path, endpoints: Endpoints, now: int) -> None:
    info = data_folder.ServerInfo(
        pid=os.getpid(),
        grpc=endpoints.grpc,
        http=endpoints.http,
        version=version("alula"),
        data=str(folder),
        started_at=now,
    )
    data_folder.write_info(folder, info)


def _clock() -> int:
    return time.time_ns() // 1000
