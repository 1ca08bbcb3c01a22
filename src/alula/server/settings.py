"""The settings of the platform: what there is to set, and where it comes from.

Sources, the later wins: defaults, a TOML file (`--settings`, `ALULA_SETTINGS`, or `settings.toml` in the data
folder), the environment, flags. An unknown key or a bad value is one error that names its source and the key.
"""

from __future__ import annotations

import ipaddress
import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from alula.core.errors import InvalidInput
from alula.core.policy.memory_growth import FACTOR_MAX
from alula.core.policy.queueing import TierBudgets
from alula.core.policy.routing import Route
from alula.server.executors.process.options import ProcessOptions
from alula.server.identity import Caller
from alula.server.log_format import FORMATS
from alula.server.services.platform import DEFAULT_DOMAINS

DEFAULT_DATA = "~/.alula"
FILE_NAME = "settings.toml"
PROCESS = "process"
"""The name of the process executor."""
EXECUTORS = (PROCESS,)
"""All executors of the platform."""
PORT_MAX = 65_535
PARALLELISM_MAX = 2**31 - 1
"""Of the field in Flyte's messages."""
LEASE_MIN_S, LEASE_MAX_S = 1.0, 3600.0
# `Any`: values of any type, before they are checked against the settings' own types.
Values = Mapping[str, Any]


class Anonymous(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who a caller is that does not log in."""

    principal: str = "anonymous"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that an operator may set; a key of the file is a field's name, `process` and `anonymous` are
    tables."""

    data: str = DEFAULT_DATA
    """The data folder."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    grpc_port: int = 8089
    """0 takes a free one, as does `http_port`."""
    http_port: int = 8088
    http_url: str = ""
    """How clients reach the HTTP side, where that is not `http://host:http_port`."""
    hosts: tuple[str, ...] = ()
    """Names under which the HTTP side is asked, beside those of the loopback, the address that it listens on and the
    host of `http_url`. A request that names another host is refused."""
    database_url: str = ""
    """A PostgreSQL URL; empty for SQLite in the data folder."""
    environments: tuple[str, ...] = ()
    """`PATTERN=DIR`: images that match run in the virtual environment or Python at DIR."""
    inherit: tuple[str, ...] = ()
    """Names, or patterns such as `AWS_*`, of variables of the platform that tasks get beside the usual ones."""
    domains: tuple[str, ...] = DEFAULT_DOMAINS
    max_parallelism: int = 25
    """Attempts at once of an execution that sets no limit itself; 0 for no limit."""
    system_retries: int = 3
    """Attempts beyond the first that failures of the platform itself may cost a node."""
    memory_growth: float = 1.0
    """How many times the memory the next attempt gets after one that ran out of it, where its task does not say."""
    inline_max_bytes: int = 65_536
    """Values of inputs and outputs from this size are kept as objects of their own, with a reference in their place;
    0 keeps all of them in the database."""
    lease_s: float = 30.0
    """How long a silent platform keeps its runs from others on the same database; it says that it lives three times
    as often."""
    log_level: str = "WARNING"
    log_format: str = "text"
    """Of the platform's log: `text`, or `json` for one object a line."""
    metrics_address: str = ""
    """`HOST:PORT` of a listener for `/metrics` alone, which asks for no login and no right; empty for none."""
    traces: str = "off"
    """`otlp` to tell a collector of requests and runs, as the variables `OTEL_*` say."""
    quality_of_service: TierBudgets = TierBudgets()
    """How long attempts may wait, by tier."""
    anonymous: Anonymous = Anonymous()
    process: ProcessOptions = ProcessOptions()
    """The process executor."""
    routes: tuple[Route, ...] = ()
    """Which attempts go to which executor: the first route that fits decides."""

    @property
    def data_folder(self) -> Path:
        """The data folder as an absolute path."""
        return Path(self.data).expanduser().resolve()

    @property
    def is_open(self) -> bool:
        """Whether other machines may reach the platform."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"

    @property
    def caller(self) -> Caller:
        """The anonymous identity."""
        return Caller(self.anonymous.principal)

    @property
    def process_options(self) -> ProcessOptions:
        """What the process executor is told."""
        return msgspec.structs.replace(
            self.process,
            environments=(*self.environments, *self.process.environments),
            inherit=(*self.inherit, *self.process.inherit),
        )


_VARIABLES = {
    "ALULA_DATA": "data",
    "ALULA_HOST": "host",
    "ALULA_GRPC_PORT": "grpc_port",
    "ALULA_HTTP_PORT": "http_port",
    "ALULA_HTTP_URL": "http_url",
    "ALULA_HOSTS": "hosts",
    "ALULA_DATABASE_URL": "database_url",
    "ALULA_ENVIRONMENTS": "environments",
    "ALULA_INHERIT": "inherit",
    "ALULA_LOG_LEVEL": "log_level",
    "ALULA_LOG_FORMAT": "log_format",
    "ALULA_METRICS_ADDRESS": "metrics_address",
    "ALULA_TRACES": "traces",
}
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\.?|\[?[0-9A-Fa-f:.]+\]?")
_HTTP_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
TRACES = ("off", "otlp")
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def load_settings(flags: Values, environment: Mapping[str, str], *, file: str | None = None) -> Settings:
    """The settings from all sources; `file` is that of `--settings`. Raises `InvalidInput` code `BadSetting`."""
    from_environment = _from_environment(environment)
    data = str(flags.get("data") or from_environment.get("data") or DEFAULT_DATA)
    named = file or environment.get("ALULA_SETTINGS")
    path = Path(named).expanduser() if named else Path(data).expanduser() / FILE_NAME
    from_file = _read(path) if named or path.exists() else {}
    if not named and "data" in from_file:
        raise _bad(str(path), "`data` can't be set in a file of the data folder itself")
    _convert(from_file, str(path))  # each source on its own first, so that an error names it
    _convert(from_environment, "the environment")
    return _convert({**from_file, **from_environment, **flags}, "the command line")


def data_folder(flag: str | None, environment: Mapping[str, str]) -> Path:
    """The data folder that a command is about, as an absolute path."""
    return Path(flag or environment.get("ALULA_DATA") or DEFAULT_DATA).expanduser().resolve()


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, key in _VARIABLES.items():
        text = environment.get(variable, "")
        if not text:
            continue
        if key in ("environments", "hosts", "inherit"):
            values[key] = [entry.strip() for entry in text.split(",") if entry.strip()]
        elif key.endswith("_port"):
            values[key] = _port(variable, text)
        else:
            values[key] = text
    return values


def _port(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _bad("the environment", f"{variable} must be a port number, not `{text}`")
    return int(text)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise _bad(str(path), f"the file can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(str(path), f"not a TOML file: {error}") from error


def _convert(values: Values, source: str) -> Settings:
    process = values.get("process", {})
    if isinstance(process, dict):
        for key in process:  # pyright: ignore[reportUnknownVariableType]  keys of a TOML table are texts
            if key not in ProcessOptions.__struct_fields__:
                raise _bad(source, f"there is no setting `process.{key}`")
    try:
        settings = msgspec.convert(dict(values), Settings)
    except msgspec.ValidationError as error:
        raise _bad(source, str(error)) from error
    _check(settings, source)
    return settings


def _check(settings: Settings, source: str) -> None:
    for name in ("grpc_port", "http_port"):
        port: int = getattr(settings, name)
        if not 0 <= port <= PORT_MAX:
            raise _bad(source, f"`{name}` must be from 0 to {PORT_MAX}, not {port}")
    if settings.grpc_port == settings.http_port != 0:
        raise _bad(source, f"`grpc_port` and `http_port` are both {settings.grpc_port}")
    for name, entries in (
        ("environments", settings.environments),
        ("process.environments", settings.process.environments),
    ):
        for entry in entries:
            if not all(entry.partition("=")):
                raise _bad(source, f"`{name}` wants PATTERN=DIR, not `{entry}`")
    for host in settings.hosts:
        if not _HOST.fullmatch(host):
            raise _bad(source, f"`hosts` wants names or addresses without a port, not `{host}`")
    if settings.http_url and not _HTTP_URL.fullmatch(settings.http_url):
        raise _bad(source, f"`http_url` wants http:// or https:// and a host, not `{settings.http_url}`")
    if settings.metrics_address and not _is_address(settings.metrics_address):
        raise _bad(source, f"`metrics_address` wants HOST:PORT, not `{settings.metrics_address}`")
    if settings.log_level.upper() not in _LOG_LEVELS:
        raise _bad(source, f"`log_level` must be one of {', '.join(_LOG_LEVELS)}")
    if settings.traces not in TRACES:
        raise _bad(source, f"`traces` must be one of {', '.join(TRACES)}, not `{settings.traces}`")
    if settings.log_format not in FORMATS:
        raise _bad(source, f"`log_format` must be one of {', '.join(FORMATS)}, not `{settings.log_format}`")
    if not settings.domains or not settings.anonymous.principal:
        raise _bad(source, "`domains` and `anonymous.principal` can't be empty")
    for domain in settings.domains:
        if not _DOMAIN.fullmatch(domain):
            raise _bad(source, f"`domains` wants lower-case letters, digits and hyphens, at most 63, not `{domain}`")
    if not LEASE_MIN_S <= settings.lease_s <= LEASE_MAX_S:
        raise _bad(source, f"`lease_s` must be from {LEASE_MIN_S:g} to {LEASE_MAX_S:g}, not {settings.lease_s:g}")
    if not 1 <= settings.memory_growth <= FACTOR_MAX:
        raise _bad(source, f"`memory_growth` must be from 1 to {FACTOR_MAX:g}, not {settings.memory_growth:g}")
    for name in ("max_parallelism", "system_retries", "inline_max_bytes"):
        if getattr(settings, name) < 0:
            raise _bad(source, f"`{name}` can't be negative")
    if settings.max_parallelism > PARALLELISM_MAX:
        raise _bad(source, f"`max_parallelism` must be at most {PARALLELISM_MAX}, not {settings.max_parallelism}")
    for route in settings.routes:
        if route.executor not in EXECUTORS:
            raise _bad(source, f"`routes` names executor `{route.executor}`; there is {', '.join(EXECUTORS)}")
    _check_amounts("process", settings.process, source)
    _check_amounts("quality_of_service", settings.quality_of_service, source)


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(_HOST.fullmatch(host)) and port.isascii() and port.isdigit() and int(port) <= PORT_MAX


def _check_amounts(table: str, options: msgspec.Struct, source: str) -> None:
    """Every number of these tables is an amount, of bytes or seconds or places."""
    for name in options.__struct_fields__:
        value: object = getattr(options, name)
        if isinstance(value, int | float) and not 0 <= value < math.inf:
            raise _bad(source, f"`{table}.{name}` must be a number from 0, not {value}")


def _bad(source: str, what: str) -> InvalidInput:
    return InvalidInput("BadSetting", f"{source}: {what}")
