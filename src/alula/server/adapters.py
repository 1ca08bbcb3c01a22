"""The adapters of the ports, as the settings choose them. No other module names adapters."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from flyteidl.core import tasks_pb2

from alula.core.errors import FailedPrecondition, InvalidInput
from alula.core.ids import Place
from alula.core.policy.routing import Choice, Wanted, choose, wish_for
from alula.server.access import Access, EverybodyMay
from alula.server.authentication import Authentication, Local
from alula.server.blob import Blobs
from alula.server.blobs.file import FileBlobs
from alula.server.blobs.options import WatchedObjects
from alula.server.blobs.stores import variables_for_tasks
from alula.server.delivery import Subscription
from alula.server.disk import DATABASE, OBJECTS
from alula.server.executor import Executor
from alula.server.executors.connector.options import ConnectorOptions
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.process.refusing import refusal
from alula.server.executors.routing import Routing, Wants
from alula.server.listening import Endpoints
from alula.server.log import Logs
from alula.server.logs.files import FileLogs
from alula.server.logs.objects import ObjectLogs
from alula.server.measures import Measured
from alula.server.services.attributes import cluster_values
from alula.server.services.platform import Platform, Watched
from alula.server.services.runnable import Refuse
from alula.server.settings.schema import CONNECTOR, CONTAINER, KUBERNETES, PROCESS, Settings
from alula.server.staging import ATTEMPTS, Staging
from alula.server.store import Store
from alula.server.stores.sql.adapter import SqlStore
from alula.server.traces import NO_TRACES, Traces

if TYPE_CHECKING:

    class MeasuredBlobs(Blobs, Measured, Protocol):
        """Objects, with figures of their use."""


def wall_clock_us() -> int:
    """The time of this machine, in microseconds since 1970."""
    return time.time_ns() // 1000


def _store(settings: Settings) -> Store:
    options = settings.store
    place = options.database or settings.data_folder / DATABASE
    return SqlStore(place, clock=wall_clock_us, pooled=options.pooled, direct_url=options.direct)


def _blobs(settings: Settings, http_endpoint: str, traces: Traces) -> MeasuredBlobs:
    if settings.objects.url:
        from alula.server.blobs.object_store import ObjectStoreBlobs  # lazy: a platform on a folder loads no library

        return ObjectStoreBlobs(settings.objects, traces=traces)
    folder = settings.data_folder
    return FileBlobs(folder / OBJECTS, folder / "signing.key", base_url=http_endpoint, traces=traces)


def watched(options: WatchedObjects) -> Watched:
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


def refuse_of(settings: Settings) -> Refuse | None:
    """The answer to which tasks their executor can't run. None if nothing is known of any: connectors take what they
    ask for, and that is theirs to say."""
    options = settings.executors
    if options.default != PROCESS or CONNECTOR in options.names:
        return None
    routes = (*settings.routes, *options.routes)

    def refuse(task: tasks_pb2.TaskTemplate, place: Place, wishes: Sequence[Wanted]) -> InvalidInput | None:
        choice = choose(
            task.type,
            *place,
            image=task.container.image,
            wish=wish_for(task.type, wishes),
            routes=routes,
            executors=options.names,
        )
        goes_here = isinstance(choice, Choice) and choice.executor == PROCESS
        return refusal(task, options.process) if goes_here else None

    return refuse


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


BY_SETTINGS = Adapters()


def traces_of(settings: Settings, store: Store) -> Traces:
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
