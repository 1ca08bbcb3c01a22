"""The sections of the settings, each with the options of the room that owns and checks them.

A field is named by its path, `http.port`: a table and a key of the file, `ALULA__HTTP__PORT` of the environment.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import msgspec

from alula.core.policy.image import LOCAL_IMAGE
from alula.core.policy.queueing import TierBudgets
from alula.core.policy.routing import Route
from alula.server.api.options import GrpcOptions, HttpOptions, MetricsOptions
from alula.server.blobs.options import ObjectOptions
from alula.server.disk import DiskOptions
from alula.server.executors.connector.options import ConnectorOptions
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.process.options import ProcessOptions
from alula.server.identity import Caller
from alula.server.log_format import LogOptions
from alula.server.notifications.options import NotificationOptions
from alula.server.retention.options import RetentionOptions
from alula.server.runner.options import RunnerOptions
from alula.server.scheduler.options import SchedulerOptions
from alula.server.services.options import RunOptions
from alula.server.services.trigger_options import TriggerOptions
from alula.server.stores.sql.options import StoreOptions
from alula.server.tracing.options import TracingOptions

DEFAULT_DATA = "~/.alula"
ROLES = frozenset({"api", "runner", "scheduler"})
PROCESS, CONTAINER, KUBERNETES, CONNECTOR = "process", "container", "kubernetes", "connector"
"""The names of executors."""


class Anonymous(msgspec.Struct, frozen=True):
    """The identity of a caller that does not log in."""

    principal: str = "anonymous"

    def problems(self) -> Iterator[tuple[str, str]]:
        if not self.principal:
            yield "principal", "can't be empty"


class Executors(msgspec.Struct, frozen=True):
    """All executors of the platform, by name."""

    default: str = PROCESS
    """The one that takes attempts that no route is for. It is there without being enabled."""
    process: ProcessOptions = ProcessOptions()
    container: ContainerOptions = ContainerOptions()
    kubernetes: KubernetesOptions = KubernetesOptions()
    connector: ConnectorOptions = ConnectorOptions()

    @property
    def names(self) -> tuple[str, ...]:
        """Those that the platform has; the first takes attempts that no route is for."""
        has = {
            PROCESS: True,
            CONTAINER: self.container.enabled,
            KUBERNETES: self.kubernetes.enabled,
            CONNECTOR: bool(self.connector.endpoints),
        }
        return (self.default, *(name for name, is_there in has.items() if is_there and name != self.default))

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes that follow from what executors can do: they come after those of the settings."""
        if CONTAINER not in self.names or self.default != PROCESS or not self.container.unmapped_images:
            return ()
        here = (*self.process.known_images, LOCAL_IMAGE)
        why = "as no environment is for its image"
        return (Route(CONTAINER, images=("?*",), except_images=here, reason=why),)

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.default not in (PROCESS, CONTAINER, KUBERNETES, CONNECTOR):
            yield "default", f"is one of {PROCESS}, {CONTAINER}, {KUBERNETES}, {CONNECTOR}, not `{self.default}`"
        elif self.default == CONNECTOR and not self.connector.endpoints:
            yield "default", "is connector, and `executors.connector.endpoints` names none"


class Settings(msgspec.Struct, frozen=True):
    """Everything that an operator may set."""

    data: str = DEFAULT_DATA
    """The data folder."""
    role: str = "all"
    """The parts of this process, with commas between them: `api` answers clients, `runner` runs what they launch,
    `scheduler` does what is due; `all`."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    grpc: GrpcOptions = GrpcOptions()
    http: HttpOptions = HttpOptions()
    metrics: MetricsOptions = MetricsOptions()
    store: StoreOptions = StoreOptions()
    objects: ObjectOptions = ObjectOptions()
    runs: RunOptions = RunOptions()
    runner: RunnerOptions = RunnerOptions()
    scheduler: SchedulerOptions = SchedulerOptions()
    triggers: TriggerOptions = TriggerOptions()
    notifications: NotificationOptions = NotificationOptions()
    retention: RetentionOptions = RetentionOptions()
    disk: DiskOptions = DiskOptions()
    log: LogOptions = LogOptions()
    traces: TracingOptions = TracingOptions()
    quality_of_service: TierBudgets = TierBudgets()
    """The time that attempts may wait, by tier."""
    anonymous: Anonymous = Anonymous()
    executors: Executors = Executors()
    routes: tuple[Route, ...] = ()
    """The routes of attempts to executors: the first that fits decides."""

    @property
    def data_folder(self) -> Path:
        """The data folder as an absolute path."""
        return Path(self.data).expanduser().resolve()

    @property
    def is_open(self) -> bool:
        """True if other machines may reach the platform."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"

    @property
    def caller(self) -> Caller:
        """The anonymous identity."""
        return Caller(self.anonymous.principal)

    @property
    def roles(self) -> frozenset[str]:
        """The parts of this process, of `ROLES`."""
        return ROLES if self.role == "all" else frozenset(part.strip() for part in self.role.split(","))

    def problems(self) -> Iterator[tuple[str, str]]:
        if unknown := self.roles - ROLES:
            yield "role", f"is all, or some of {', '.join(sorted(ROLES))} with commas, not {min(unknown)!r}"
        elif self.roles != ROLES and not self.store.url:
            yield "role", f"can be {self.role} only where processes share a PostgreSQL database: set `store.url`"
        if self.grpc.port == self.http.port != 0:
            yield "http.port", f"is {self.http.port}, and so is `grpc.port`"
        for route in self.routes:
            if route.executor not in self.executors.names:
                yield "routes", f"names executor `{route.executor}`; there is {', '.join(self.executors.names)}"


OLD_NAMES = {
    "grpc_port": "grpc.port",
    "http_port": "http.port",
    "http_url": "http.url",
    "hosts": "http.hosts",
    "metrics_address": "metrics.address",
    "database_url": "store.url",
    "domains": "runs.domains",
    "max_parallelism": "runs.max_parallelism",
    "system_retries": "runs.system_retries",
    "memory_growth": "runs.memory_growth",
    "inline_max_bytes": "runs.inline_max_bytes",
    "lease_s": "runner.lease_s",
    "log_level": "log.level",
    "log_format": "log.format",
    "traces": "traces.exporter",
    "environments": "executors.process.environments",
    "inherit": "executors.process.inherit",
    "process": "executors.process",
}
"""Keys of a file that are understood and not to be used any more, with their replacements."""
SHORT_VARIABLES = {
    "ALULA_DATA": "data",
    "ALULA_HOST": "host",
    "ALULA_GRPC_PORT": "grpc.port",
    "ALULA_HTTP_PORT": "http.port",
    "ALULA_HTTP_URL": "http.url",
    "ALULA_HOSTS": "http.hosts",
    "ALULA_METRICS_ADDRESS": "metrics.address",
    "ALULA_DATABASE_URL": "store.url",
    "ALULA_OBJECTS_URL": "objects.url",
    "ALULA_LOG_LEVEL": "log.level",
    "ALULA_LOG_FORMAT": "log.format",
    "ALULA_TRACES": "traces.exporter",
    "ALULA_ENVIRONMENTS": "executors.process.environments",
    "ALULA_INHERIT": "executors.process.inherit",
}
"""Variables beside the systematic ones, for common settings."""
ADDING = frozenset(("executors.process.environments", "executors.process.inherit"))
"""Lists to which each source adds: the entries of the stronger one stand first."""
