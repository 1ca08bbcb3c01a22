"""The composition root: the only module that names adapters. It builds the platform, runs it, and takes it down.

Ports are bound and the data folder is locked before anything else is done, so that a bad start fails at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from alula.core.errors import FailedPrecondition
from alula.server import data_folder, descriptors
from alula.server.access import Access, EverybodyMay
from alula.server.api.grpc import port as grpc_port
from alula.server.authentication import Authentication, Local
from alula.server.blob import Blobs
from alula.server.blobs.file import FileBlobs
from alula.server.blobs.options import WatchedObjects
from alula.server.blobs.signing import Grant
from alula.server.blobs.stores import variables_for_tasks
from alula.server.delivery import Subscription
from alula.server.disk import DATABASE, OBJECTS, Disk
from alula.server.duties import Duties
from alula.server.executor import Executor
from alula.server.executors.connector.options import ConnectorOptions
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.routing import Routing, Wants
from alula.server.identity import NOBODY
from alula.server.log import Logs
from alula.server.logs.files import FileLogs
from alula.server.logs.objects import ObjectLogs
from alula.server.measures import Measured
from alula.server.notifications.channels import require_installed
from alula.server.notifications.occasions import Occasions
from alula.server.notifications.sending import Sending
from alula.server.process_measures import measured
from alula.server.retention.duty import Retention
from alula.server.runner.children import Children
from alula.server.runner.runner import Runner
from alula.server.scheduler.arrivals import Arrivals
from alula.server.scheduler.backfills import Backfills
from alula.server.scheduler.run_ends import RunEnds
from alula.server.scheduler.scheduler import Scheduler
from alula.server.services.attributes import cluster_values
from alula.server.services.home import require_objects
from alula.server.services.platform import Platform, Watched
from alula.server.services.retention import RETENTION
from alula.server.services.watch import Hub
from alula.server.settings.schema import CONNECTOR, CONTAINER, KUBERNETES, PROCESS, Settings
from alula.server.staging import ATTEMPTS, Staging
from alula.server.store import Store
from alula.server.store.news import News
from alula.server.store.outbox import Consumer
from alula.server.store.triggers import RUN_ENDS
from alula.server.stores.sql.adapter import SqlStore
from alula.server.traces import NO_TRACES, Traces

if TYPE_CHECKING:
    from alula.server.api.http_server import HttpServer
    from alula.server.api.objects import SignedObjects

    class MeasuredBlobs(Blobs, Measured, Protocol):
        """Objects, with figures of their use."""

    class ServedBlobs(MeasuredBlobs, SignedObjects[Grant], Protocol):
        """Objects whose signed URLs this process answers itself."""


GRACE_S = 5.0
"""The time that calls under way have to end when the platform stops."""
METRICS_CONNECTIONS_MAX = 20
"""The limit on the address that is for metrics alone."""
FOLDER_CHECK_S = 2.0
"""The interval at which the data folder is looked for, as it may be gone."""
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
    options = settings.store
    place = options.database or settings.data_folder / DATABASE
    return SqlStore(place, clock=_clock, pooled=options.pooled, direct_url=options.direct)


def _blobs(settings: Settings, http_endpoint: str, traces: Traces) -> MeasuredBlobs:
    if settings.objects.url:
        from alula.server.blobs.object_store import ObjectStoreBlobs  # lazy: a platform on a folder loads no library

        return ObjectStoreBlobs(settings.objects, traces=traces)
    folder = settings.data_folder
    return FileBlobs(folder / OBJECTS, folder / "signing.key", base_url=http_endpoint, traces=traces)


def _watched(options: WatchedObjects) -> Watched:
    from alula.server.blobs.object_store import ObjectStoreBlobs  # lazy: as above

    try:
        return Watched(ObjectStoreBlobs(options.connection(os.environ)), options.projects)
    except LookupError as error:
        raise FailedPrecondition(
            "WatchedSecretMissing", f"the `secret_key` of {options.url} in `objects.watched` can't be had: {error}"
        ) from error


def _executor(settings: Settings, endpoints: Endpoints, platform: Platform) -> Executor:
    options = settings.executors
    for_objects = variables_for_tasks(settings.objects, os.environ)
    process = ProcessExecutor(
        settings.data_folder,
        options.process,
        way_back={**_way_back(endpoints.grpc), **for_objects},
        objects=platform.blobs,
    )
    platform.measures.add(process)
    made: dict[str, Executor] = {PROCESS: process}
    if CONTAINER in options.names:
        made[CONTAINER] = _container(settings.data_folder, options.container, platform, for_objects)
    if KUBERNETES in options.names:
        made[KUBERNETES] = _kubernetes(options.kubernetes, platform, for_objects)
    wants: dict[str, Wants] = {}
    if CONNECTOR in options.names:
        made[CONNECTOR], wants[CONNECTOR] = _connector(options.connector, platform)
    return Routing({name: made[name] for name in options.names}, (*settings.routes, *options.routes), wants)


def _container(folder: Path, options: ContainerOptions, platform: Platform, for_objects: Mapping[str, str]) -> Executor:
    from alula.server.executors.container.executor import ContainerExecutor  # lazy: few platforms use it

    variables = {**_way_back(options.platform_url), **for_objects}
    executor = ContainerExecutor(folder, options, platform.blobs, variables=variables)
    platform.measures.add(executor)
    return executor


def _kubernetes(options: KubernetesOptions, platform: Platform, for_objects: Mapping[str, str]) -> Executor:
    with _installed("kubernetes", "executors.kubernetes.enabled"):
        from alula.server.executors.kubernetes.executor import KubernetesExecutor  # lazy: few platforms have a cluster

    variables = {**_way_back(options.platform_url), **for_objects}
    executor = KubernetesExecutor(
        platform.blobs, options, variables=variables, cluster_values=functools.partial(cluster_values, platform)
    )
    platform.measures.add(executor)
    platform.troubles.append(executor.trouble)
    return executor


def _connector(options: ConnectorOptions, platform: Platform) -> tuple[Executor, Wants]:
    from alula.server.executors.connector.executor import ConnectorExecutor  # lazy: few platforms have connectors

    executor = ConnectorExecutor(platform.blobs, options)
    platform.measures.add(executor)
    return executor, executor.wants


@contextlib.contextmanager
def _installed(extra: str, setting: str) -> Generator[None]:
    """Report that what a setting wants is not installed. Raises `FailedPrecondition`."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise FailedPrecondition(
            "NotInstalled",
            f"`{setting}` is set, and what it needs is not installed ({error.name} is missing)",
            fix=f"pip install 'alula[{extra}]'",
        ) from error


def _logs(settings: Settings, blobs: Blobs) -> Logs:
    logs: Logs = ObjectLogs(blobs)
    if KUBERNETES in settings.executors.names:
        with _installed("kubernetes", "executors.kubernetes.enabled"):
            from alula.server.executors.kubernetes.pod_logs import PodLogs  # lazy: as above

            logs = PodLogs(settings.executors.kubernetes, logs)
    return FileLogs(blobs, Staging.of(blobs.uri(), str(settings.data_folder / ATTEMPTS)), logs)


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
    blobs: Callable[[Settings, str, Traces], MeasuredBlobs] = _blobs
    """Of the settings and the `http://host:port` of this process."""
    executor: Callable[[Settings, Endpoints, Platform], Executor] = _executor
    """Adds the executor's sources of figures to the platform's measures."""
    logs: Callable[[Settings, Blobs], Logs] = _logs
    authentication: Callable[[Settings], Authentication] = _authentication
    access: Callable[[Settings], Access] = _access
    consumers: Callable[[Settings, Platform], Sequence[Subscription]] = _consumers
    """The consumers of events in the life of runs."""


@dataclass(frozen=True, slots=True)
class _Listening:
    """The listeners for clients."""

    rpc: grpc_port.Server
    grpc_port: int
    http: socket.socket
    http_connections_max: int


@contextlib.contextmanager
def _held(settings: Settings) -> Generator[data_folder.Holding]:
    """Hold the data folder for the roles of this process. Raises as `data_folder.held`."""
    with contextlib.ExitStack() as stack:
        locks = [lock for role, lock in data_folder.LOCKS.items() if role in settings.roles]
        holdings = [stack.enter_context(data_folder.held(settings.data_folder, lock)) for lock in locks]
        yield holdings[0]


async def serve(
    settings: Settings,
    *,
    ready: Callable[[Endpoints], None],
    stop: asyncio.Event,
    adapters: Adapters = Adapters(),
) -> None:
    """Run the platform, or one of its roles, until `stop`; `ready` is called once when it answers, or runs.

    Raises `FailedPrecondition` for a taken port, a data folder in use or a store that is too new, and the store's
    errors if it can't be opened.
    """
    folder = settings.data_folder
    with _held(settings) as holding:
        async with contextlib.AsyncExitStack() as stack:
            metrics_socket = stack.enter_context(_metrics_socket(settings)) if settings.metrics.address else None
            metrics = "" if metrics_socket is None else f"{_url(metrics_socket)}/metrics"
            listening = _listen(stack, settings, descriptors.connections()) if "api" in settings.roles else None
            endpoints = _elsewhere(settings, metrics) if listening is None else _endpoints(settings, listening, metrics)
            store = adapters.store(settings)
            traces = _traces(settings, store)
            disk = Disk(folder, settings.disk.low_bytes)
            blobs = adapters.blobs(settings, endpoints.http, traces)
            platform = await stack.enter_async_context(
                _platform(settings, adapters, store, blobs, traces, endpoints, holding, disk)
            )
            stack.push_async_callback(traces.stop)
            platform.measures.add(blobs)
            platform.measures.add(disk)
            stack.enter_context(measured(platform.measures))
            process = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
            duties = await _duties(settings, platform, process) if "scheduler" in settings.roles else None
            if duties is not None:
                await duties.deliver(adapters.consumers(settings, platform))
                store.on_news(duties.hear, duties.miss)
            runner = None
            if "runner" in settings.roles:
                executor = adapters.executor(settings, endpoints, platform)
                runner = await stack.enter_async_context(_running(settings, platform, executor, process))
                platform.measures.add(runner)
            descriptors.raise_limit()  # after the executor was made, whose attempts keep the limit that there was
            await _answer(
                stack, settings, adapters.authentication(settings), listening, metrics_socket, platform, blobs
            )
            if listening is not None:
                stack.callback(data_folder.remove_info, folder)
                _write_info(settings, endpoints, platform.clock())
            ready(endpoints)
            if duties is not None:
                duties.start()
                stack.push_async_callback(duties.stop)
            gc.freeze()  # looking through all that stays took a sixth of the time of a busy platform
            try:
                await _until(stop, [each for each in (runner, duties) if each is not None], holding, disk)
            finally:
                platform.hub.close()  # ends streams and held calls, which would otherwise wait out the grace


async def _duties(settings: Settings, platform: Platform, process: str) -> Duties:
    duties = Duties(
        platform.store, platform.measures, process, lease_us=_lease_us(settings), recheck_s=platform.recheck_s
    )
    _backfill(platform, duties)
    ends = RunEnds(platform)
    await duties.deliver([Subscription(Consumer(RUN_ENDS), ends.hear, ends.is_wanted, ends.concerns)])
    occasions = Occasions(platform, settings.notifications)
    duties.add("scheduler", Scheduler(platform, catch_up_max=settings.scheduler.catch_up_max, tell=occasions.skipped))
    duties.add("arrivals", Arrivals(platform, every_s=settings.triggers.objects_every_s))
    duties.add(RETENTION, Retention(platform, settings.retention))
    if settings.notifications.is_used:
        require_installed(settings.notifications)
        duties.add("notifications", Sending(platform, settings.notifications, occasions))
        consumer = Consumer("notifications", nodes=occasions.wants_nodes)
        await duties.deliver([Subscription(consumer, occasions.hear)])
    else:
        await platform.store.outbox.forget("notifications")
    return duties


def _backfill(platform: Platform, duties: Duties) -> None:
    backfills = Backfills(platform)
    leadership = duties.add("backfills", backfills)

    def hear(news: News) -> None:
        if backfills.awaits(news):
            leadership.wake()

    platform.store.on_news(hear, leadership.wake)


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
    adapters: Adapters,
    store: Store,
    blobs: Blobs,
    traces: Traces,
    endpoints: Endpoints,
    holding: data_folder.Holding,
    disk: Disk,
) -> AsyncGenerator[Platform]:
    """The platform for use cases, with store and objects opened."""
    await blobs.start()
    await store.start()
    try:
        platform = Platform(
            store=store,
            blobs=blobs,
            logs=adapters.logs(settings, blobs),
            access=adapters.access(settings),
            hub=Hub(),
            traces=traces,
            clock=_clock,
            random_bytes=secrets.token_bytes,
            check_health=holding.check,
            scratch=str(settings.data_folder),
            disk_trouble=disk.trouble,
            disk_use=disk.use,
            http_endpoint=endpoints.http,
            domains=settings.runs.domains,
            max_parallelism=settings.runs.max_parallelism,
            system_retries=settings.runs.system_retries,
            memory_growth=settings.runs.memory_growth,
            tiers=settings.quality_of_service,
            inline_max_bytes=settings.runs.inline_max_bytes,
            zones=settings.scheduler.zones,
            triggers=settings.triggers,
            watched=tuple(map(_watched, settings.objects.watched)),
            retention_rules=settings.retention.rules,
            settled_s=settings.retention.settled_s,
            notification_rules={rule.name: rule.channels for rule in settings.notifications.rules},
        )
        store.on_news(platform.hub.publish, platform.hub.miss)
        if settings.store.database or settings.objects.url:
            await require_objects(platform)
        yield platform
    finally:
        await store.stop()
        await blobs.stop()


@contextlib.asynccontextmanager
async def _running(
    settings: Settings, platform: Platform, executor: Executor, runner_id: str
) -> AsyncGenerator[Runner]:
    """The runner and its executor, which the runner starts and stops."""
    folder = settings.data_folder
    # The folder's lock is ours, so an earlier server here is dead, and its claims need not wait for their lease: in the
    # folder's own database all claims, in another those of its runner.
    before = data_folder.last_runner(folder) if settings.store.database else None
    await platform.store.ownership.release(before)
    await platform.store.leases.release(before)
    data_folder.write_runner(folder, runner_id)

    runner = Runner(
        store=platform.store,
        executor=executor,
        blobs=platform.blobs,
        children=Children(platform),
        clock=platform.clock,
        runner_id=runner_id,
        platform_id=settings.runner.id or data_folder.platform_id(folder),
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
    listening: _Listening | None,
    metrics: socket.socket | None,
    platform: Platform,
    blobs: MeasuredBlobs,
) -> None:
    """Let clients in where this process listens to them, and those of metrics where these have an address of their own.
    On the way out gRPC and HTTP stop first, together, and calls get a grace."""

    def make_http() -> list[tuple[HttpServer, socket.socket]]:
        from alula.server.api.console import console_routes  # lazy: what was interrupted starts again first
        from alula.server.api.counted import Counted  # lazy: as above
        from alula.server.api.gate import trusted  # lazy: as above
        from alula.server.api.grpc.server import add_services  # lazy: as above
        from alula.server.api.http import health_route, make_app, make_routes  # lazy: as above
        from alula.server.api.http_server import make_http_server  # lazy: as above
        from alula.server.api.metrics import open_metrics_route  # lazy: as above
        from alula.server.api.objects import object_routes  # lazy: as above

        trust = trusted((settings.host, *settings.http.hosts), settings.http.url)
        servers: list[tuple[HttpServer, socket.socket]] = []
        if listening is not None:
            add_services(listening.rpc, platform, authentication)
            objects = [] if settings.objects.url else object_routes(cast("ServedBlobs", blobs), platform.clock)
            routes = [*console_routes(), *make_routes(platform, objects)]
            app = Counted(make_app(routes, trust, authentication), platform.measures, routes, platform.traces)
            server = make_http_server(app, connections_max=listening.http_connections_max, grace_s=GRACE_S)
            servers.append((server, listening.http))
        if metrics is not None:
            app = make_app([open_metrics_route(platform.measures), health_route(platform)], trust, Local(NOBODY))
            server = make_http_server(app, connections_max=METRICS_CONNECTIONS_MAX, grace_s=GRACE_S)
            servers.append((server, metrics))
        return servers

    servers = await asyncio.to_thread(make_http)  # the loop goes on starting attempts
    serving = [asyncio.create_task(server.serve(sockets=[on]), name="http") for server, on in servers]
    if listening is not None:
        await listening.rpc.start()

    async def stop_answering() -> None:
        for server, _ in servers:
            server.should_exit = True
        stopping = [listening.rpc.stop(GRACE_S)] if listening is not None else []
        await asyncio.gather(*stopping, *serving)

    stack.push_async_callback(stop_answering)


async def _until(
    stop: asyncio.Event, lasting: Sequence[Runner | Duties], holding: data_folder.Holding, disk: Disk
) -> None:
    """Return when asked to stop; raise the error that ended one of these or took the folder away, for a platform that
    runs nothing must not look alive."""
    waits = (stop.wait(), *(each.wait() for each in lasting), _until_lost(holding), disk.watch())
    ends = [asyncio.ensure_future(work) for work in waits]
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


def _listen(stack: contextlib.AsyncExitStack, settings: Settings, connections: descriptors.Connections) -> _Listening:
    """Take the ports for clients. Raises `FailedPrecondition` for one that is taken."""
    http = stack.enter_context(_http_socket(settings.host, settings.http.port))
    rpc = grpc_port.make_server(connections_max=connections.grpc_max)
    bound = grpc_port.bind(rpc, settings.host, settings.grpc.port)
    stack.push_async_callback(rpc.stop, None)
    return _Listening(rpc, bound, http, connections.http_max)


def _endpoints(settings: Settings, listening: _Listening, metrics: str) -> Endpoints:
    host = _reached(settings.host)
    http = settings.http.url.rstrip("/") or f"http://{host}:{listening.http.getsockname()[1]}"
    return Endpoints(f"{host}:{listening.grpc_port}", http, metrics)


def _elsewhere(settings: Settings, metrics: str) -> Endpoints:
    """Where the process with the role `api` is reached: as it says itself where it is ready, else as it is set."""
    info = data_folder.read_info(settings.data_folder)
    if info is not None:
        return Endpoints(info.grpc, info.http, metrics)
    host = _reached(settings.host)
    http = settings.http.url.rstrip("/") or f"http://{host}:{settings.http.port}"
    return Endpoints(f"{host}:{settings.grpc.port}", http, metrics)


def _url(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return f"http://{_reached(host)}:{port}"


def _reached(host: str) -> str:
    """The name for clients of an address that is listened on: nobody can go to a wildcard."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _way_back(address: str) -> dict[str, str]:
    """The variables by which a client in an attempt reaches this platform at `host:port`: flytekit, for eager tasks,
    and `alula.Remote`. None without an address."""
    if not address:
        return {}
    return {
        "FLYTE_PLATFORM_URL": address,
        "FLYTE_PLATFORM_INSECURE": "true",
        "ALULA_ENDPOINT": f"http://{address}",
    }


def _write_info(settings: Settings, endpoints: Endpoints, now: int) -> None:
    folder = settings.data_folder
    info = data_folder.ServerInfo(
        pid=os.getpid(),
        grpc=endpoints.grpc,
        http=endpoints.http,
        version=version("alula"),
        data=str(folder),
        started_at=now,
        low_bytes=settings.disk.low_bytes,
    )
    data_folder.write_info(folder, info)


def _clock() -> int:
    return time.time_ns() // 1000
