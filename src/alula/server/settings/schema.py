"""The sections of the settings, each with the options of the room that owns and checks them.

A field is named by its path, `http.port`: a table and a key of the file, `ALULA__HTTP__PORT` of the environment.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import msgspec

from alula.core.policy.queueing import TierBudgets
from alula.core.policy.routing import Route
from alula.server.api.options import GrpcOptions, HttpOptions, MetricsOptions
from alula.server.executors.process.options import ProcessOptions
from alula.server.identity import Caller
from alula.server.log_format import LogOptions
from alula.server.runner.options import RunnerOptions
from alula.server.scheduler.options import SchedulerOptions
from alula.server.services.options import RunOptions
from alula.server.stores.sql.options import StoreOptions
from alula.server.tracing.options import TracingOptions

DEFAULT_DATA = "~/.alula"
PROCESS = "process"
"""The name of the process executor."""


class Anonymous(msgspec.Struct, frozen=True):
    """The identity of a caller that does not log in."""

    principal: str = "anonymous"

    def problems(self) -> Iterator[tuple[str, str]]:
        if not self.principal:
            yield "principal", "can't be empty"


class Executors(msgspec.Struct, frozen=True):
    """All executors of the platform, by name."""

    process: ProcessOptions = ProcessOptions()


class Settings(msgspec.Struct, frozen=True):
    """Everything that an operator may set."""

    data: str = DEFAULT_DATA
    """The data folder."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    grpc: GrpcOptions = GrpcOptions()
    http: HttpOptions = HttpOptions()
    metrics: MetricsOptions = MetricsOptions()
    store: StoreOptions = StoreOptions()
    runs: RunOptions = RunOptions()
    runner: RunnerOptions = RunnerOptions()
    scheduler: SchedulerOptions = SchedulerOptions()
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

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.grpc.port == self.http.port != 0:
            yield "http.port", f"is {self.http.port}, and so is `grpc.port`"
        executors = Executors.__struct_fields__
        for route in self.routes:
            if route.executor not in executors:
                yield "routes", f"names executor `{route.executor}`; there is {', '.join(executors)}"


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
    "ALULA_LOG_LEVEL": "log.level",
    "ALULA_LOG_FORMAT": "log.format",
    "ALULA_TRACES": "traces.exporter",
    "ALULA_ENVIRONMENTS": "executors.process.environments",
    "ALULA_INHERIT": "executors.process.inherit",
}
"""Variables beside the systematic ones, for common settings."""
ADDING = frozenset(("executors.process.environments", "executors.process.inherit"))
"""Lists to which each source adds: the entries of the stronger one stand first."""
