"""The settings of the connector executor, with their defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

from alula.core.amounts import not_amounts


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server of connectors, such as `pyflyte serve connector`."""

    name: str
    """Stands in the log with each job that is there: the address may change, the name not."""
    address: str
    """`host:port`, or another target of gRPC."""
    task_types: tuple[str, ...] = ()
    """Patterns of the types that go there whatever it lists, such as `bigquery_*`."""
    tls: bool = False
    ca_file: str = ""
    """The certificates that its own is checked by; empty for those of the machine."""

    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if not self.name or not self.address:
            return "has an endpoint without a `name` or an `address`"
        if self.ca_file and not (self.tls and os.path.isabs(self.ca_file)):
            return f"endpoint `{self.name}` wants `tls`, and an absolute path as its `ca_file`"
        return ""


class ConnectorOptions(msgspec.Struct, frozen=True):
    """The settings of the connector executor."""

    endpoints: tuple[Endpoint, ...] = ()
    """The executor is there if there is one."""
    default_endpoint: str = ""
    """The endpoint of types that none has, if a route brings them here."""
    timeout_s: float = 30.0
    """The time in which an endpoint must answer a call, but for that which does the work of a synchronous task."""
    calls: int = 16
    """The number of calls of one endpoint that may be under way; so many synchronous tasks may be, too."""
    poll_min_s: float = 1.0
    """The least time from one look at a job to the next. It grows to a tenth of the job's age."""
    poll_max_s: float = 60.0
    refresh_s: float = 30.0
    """The time after which an endpoint is asked again which types it has connectors for."""
    failures_max: int = 5
    """The number of looks at a job that may fail in a row, unless the endpoint is away. Then the attempt fails."""
    result_limit_bytes: int = 64 * 1024 * 1024
    """Most that the outputs of one attempt may be, in an answer or in `outputs.pb`."""

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from not_amounts(self)
        names = [each.name for each in self.endpoints]
        for problem in filter(None, (each.problem() for each in self.endpoints)):
            yield "endpoints", problem
        if len(set(names)) < len(names):
            yield "endpoints", "has two of one name"
        if self.endpoints and self.default_endpoint not in ("", *names):
            yield "default_endpoint", f"is `{self.default_endpoint}`; there is {', '.join(names)}"
        for name in ("timeout_s", "calls", "poll_min_s", "refresh_s", "failures_max", "result_limit_bytes"):
            if not getattr(self, name):
                yield name, "can't be 0"
