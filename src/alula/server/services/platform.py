"""The platform as use cases see it. One record, made by the composition root, handed to every use case.

Owns the list of all that a use case may touch; must not decide anything. Time and randomness come in here, as
functions, so that a use case gives the same answer to the same question in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from alula.core.ids import Place
from alula.core.policy.queueing import TierBudgets
from alula.core.policy.retention import RetentionRule
from alula.server.access import Access, Action, Places, require, require_viewable
from alula.server.blob import Blobs
from alula.server.disk import DiskUse
from alula.server.identity import Caller
from alula.server.log import Logs
from alula.server.measures import Measures
from alula.server.services.array_phases import ArrayPhases
from alula.server.services.console.kept_runs import KeptRuns
from alula.server.services.runnable import Runnable
from alula.server.services.trigger_options import TriggerOptions
from alula.server.services.watch import Hub
from alula.server.store import Store
from alula.server.store.audits import Audit
from alula.server.traces import NO_TRACES, Traces

RECHECK_S = 10.0
DEFAULT_DOMAINS = ("development", "staging", "production")


class Watched(NamedTuple):
    """Objects elsewhere that triggers may wait for."""

    blobs: Blobs
    projects: tuple[str, ...]
    """The projects whose launch plans may; empty for all."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform as its use cases see it."""

    store: Store
    blobs: Blobs
    logs: Logs
    access: Access
    hub: Hub
    clock: Callable[[], int]
    """Now, in microseconds since the epoch."""
    random_bytes: Callable[[int], bytes]
    """That many unpredictable bytes."""
    check_health: Callable[[], None] = lambda: None
    """Raises `FailedPrecondition` if the platform can't work any more."""
    disk_trouble: Callable[[], str] = lambda: ""
    """Says that the disk of the data folder is nearly full; empty if it is not."""
    troubles: list[Callable[[], str]] = field(default_factory=list["Callable[[], str]"])
    """Each says what an operator has to mend, though the platform works; empty for nothing."""
    disk_use: Callable[[], DiskUse] = lambda: DiskUse(0, 0, 0, 0)
    """The use of the disk of the data folder, by a look at each file. Raises OSError if it is gone."""
    recheck_s: float = RECHECK_S
    """The interval at which a watcher of a run reads the store although nothing was heard: news is a hint."""
    scratch: str | None = None
    """The folder of files that nobody else sees and that go with the process; None for that of the system."""
    http_endpoint: str = ""
    """`http://host:port` under which clients reach this process, for links."""
    domains: tuple[str, ...] = DEFAULT_DOMAINS
    max_parallelism: int = 25
    """Of an execution that sets no limit itself; 0 for no limit."""
    system_retries: int = 3
    """Attempts beyond the first that the platform's own failures may cost a node."""
    memory_growth: float = 1.0
    """The factor by which memory grows for the attempt after one that ran out of it, if the task gives none."""
    tiers: TierBudgets = field(default_factory=TierBudgets)
    zones: Mapping[str, str] = field(default_factory=dict[str, str])
    """The time zones of schedules that name none, by domain."""
    notification_rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    """The rules of notifications, each with its channels."""
    triggers: TriggerOptions = field(default_factory=TriggerOptions)
    watched: tuple[Watched, ...] = ()
    """Objects elsewhere that triggers may wait for."""
    retention_rules: tuple[RetentionRule, ...] = ()
    """The first that fits a run says when it goes."""
    settled_s: float = 600.0
    """The least time between the end of a run and its removal."""
    traces: Traces = NO_TRACES
    """The receiver of spans."""
    arrays: ArrayPhases = field(default_factory=ArrayPhases)
    """The phases of large arrays that were read last."""
    runs: KeptRuns = field(default_factory=KeptRuns)
    """The nodes of the runs that were read last."""
    measures: Measures = field(default_factory=Measures)
    """Figures of all rooms."""
    runnable: Runnable = field(default_factory=Runnable)
    """Answers which workflows have tasks that no executor can run."""
    inline_max_bytes: int = 65_536
    """Values from this size are kept as objects of their own; 0 keeps all in the log and the rows."""

    async def require(self, caller: Caller, place: Place, *actions: Action) -> None:
        """Raises `PermissionDenied` code `NotAllowed` unless `caller` may do one of `actions` there."""
        await require(self.access, caller, place, *actions)

    async def viewable(self, caller: Caller) -> Places:
        """The places that `caller` may view, for lists over several places. Raises `PermissionDenied` if there are
        none."""
        return await require_viewable(self.access, caller)

    def audit(
        self,
        caller: Caller,
        action: str,
        target: str,
        *,
        project: str = "",
        domain: str = "",
        detail: str = "",
    ) -> Audit:
        """The record that `caller` did `action`, now."""
        return Audit(
            at=self.clock(),
            principal=caller.principal,
            action=action,
            target=target,
            detail=detail,
            project=project,
            domain=domain,
        )
