"""Bodies and answers of Alula's own HTTP operations, as they are in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from alula.core.policy.triggering import EndPhase
from alula.server.services.console.topics import Topic


class PhaseLine(msgspec.Struct, frozen=True):
    """A line of a followed run."""

    version: int
    """The number of events in its log: it grows with each change."""
    phase: str
    """A phase of Flyte's `WorkflowExecution`."""


class ReasonAnswer(msgspec.Struct, frozen=True):
    """A reason why something happened in a run."""

    at: datetime
    node_id: str
    attempt: int
    """-1 if it concerns the node, not one attempt."""
    index: int
    """The item of a map task, else -1."""
    code: str
    text: str
    facts: dict[str, str]


class LinkAnswer(msgspec.Struct, frozen=True):
    """The reason why a run or a node is as it is."""

    node_id: str
    """Empty for the run."""
    code: str
    text: str
    at: str
    """RFC 3339, or empty if the time is not known."""
    facts: dict[str, str]
    fix: str
    """What to do about an error; empty where nothing is known, or where `because` has the error."""
    is_first: bool
    """True for one answer of all: the first cause of the run, node or item."""
    is_remark: bool
    """True for what is told besides, such as an earlier attempt: no cause of how it is now."""
    because: list[LinkAnswer]
    """The reasons of that."""


class ForkBody(msgspec.Struct, forbid_unknown_fields=True):
    """The changes in a run that starts from another one."""

    nodes: list[str] = []
    """The nodes that run again, with all that comes after them."""
    inputs: dict[str, Any] = {}
    """Inputs that change, each a `flyteidl.core.Literal`."""
    version: str = ""
    """Another version of the workflow."""
    overrides: dict[str, Any] = {}
    """A `flyteidl.core.TaskNodeOverrides` for the nodes that run again."""
    name: str = ""
    """Name of the new run; empty for one that is made."""


class StreamBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a stream tells."""

    subscribe: list[Topic] = []
    interval_ms: int = 250
    """The least time between two lines of one topic."""


class RunName(msgspec.Struct, frozen=True):
    """A run."""

    project: str
    domain: str
    name: str


class ImportAnswer(msgspec.Struct, frozen=True):
    """A run that was imported."""

    project: str
    domain: str
    name: str
    is_new: bool
    """False if the same file was imported before."""


class CacheEntry(msgspec.Struct, frozen=True):
    """A result that the cache holds."""

    task: str
    cache_version: str
    inputs: dict[str, str]
    """Each input as people read it."""
    digest: str
    """The digest of all that a hit needs to be equal."""
    source: str
    """The run and node that computed it."""
    created_at: datetime


class Evicted(msgspec.Struct, frozen=True):
    """The number of results evicted from the cache."""

    evicted: int


class ScheduleAnswer(msgspec.Struct, frozen=True):
    """The schedule of the active version of a launch plan."""

    project: str
    domain: str
    name: str
    version: str
    state: Literal["ACTIVE", "WAITING", "PAUSED", "ENDED"]
    """`WAITING` if fires wait for the end of other runs."""
    principal: str
    """The one that activated it, on whose behalf its runs are launched."""
    zone: str
    """The time zone of its expression; empty for UTC."""
    since: datetime
    """The time of the activation."""
    next_at: datetime | None
    """The time at which it is looked at next, which is that of the next fire unless others wait."""
    last_at: datetime | None
    """The fire that started a run last."""
    last_run: str
    """The name of that run; empty if there is none."""
    waiting: list[datetime]
    """Fires that wait for the end of other runs."""
    missed: int
    """The number of fires that were skipped."""
    skipped: str
    """The fire that was skipped last, and why."""


class NoticeAnswer(msgspec.Struct, frozen=True):
    """A message for one receiver."""

    id: str
    """Comes with each delivery, so that a receiver knows one that it has had before."""
    rule: str
    channel: str
    subject: str
    """The run or launch plan that it is about."""
    occasion: str
    state: str
    """`PENDING`, `SENT`, `DEAD`, or `LIMITED` if its rule had told as much as it may."""
    tries: int
    created_at: datetime
    due_at: datetime | None
    """The time of the next try."""
    ended_at: datetime | None
    error: str
    """The reason why the last try failed."""


class BackfillBody(msgspec.Struct, forbid_unknown_fields=True):
    """A backfill that is to start, or to be shown."""

    plan: str
    """Name of the launch plan."""
    first: datetime
    """Its slots are about times from this one on. A time without an offset is in the time zone of the schedule."""
    until: datetime | None = None
    """And before this one; null for now."""
    version: str = ""
    """The version that runs; empty for the active one, else the newest."""
    cron: str = ""
    """The cron expression that names the slots; empty for the schedule of the launch plan."""
    kickoff: str = ""
    """The input that gets the time of the slot; empty for that of the schedule, if it names one."""
    order: Literal["oldest", "newest"] = "oldest"
    """The slots that are run first."""
    at_once: int = 1
    """The most runs that are open at once."""
    reprocess: Literal["none", "failed", "all"] = "none"
    """Which slots are run again that have a run which has ended."""
    on_failure: Literal["stop", "continue"] = "stop"
    """`stop` to start no further slot after one has failed."""
    name: str = ""
    """The name of the backfill; empty for a new one."""


class SlotAnswer(msgspec.Struct, frozen=True):
    """One slot of a backfill."""

    at: datetime
    """The time that the schedule names."""
    planned_for: datetime
    """The time that the run is about."""
    state: Literal["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "THERE"]
    """`THERE` if a run of this slot existed and is left as it is."""
    run: str
    """The name of its run, also before it is started."""
    detail: str
    """The reason why it failed, if no run tells that."""


class SlotCounts(msgspec.Struct, frozen=True):
    """The numbers of slots of a backfill by their states."""

    waiting: int
    running: int
    succeeded: int
    failed: int
    there: int


class BackfillAnswer(msgspec.Struct, frozen=True):
    """A launch plan that is run for times in the past."""

    project: str
    domain: str
    name: str
    plan: str
    version: str
    state: Literal["RUNNING", "PAUSED", "CANCELLING", "SUCCEEDED", "FAILED", "CANCELLED"]
    principal: str
    """The one that asked for it, on whose behalf its runs are launched."""
    first: datetime
    until: datetime
    cron: str
    kickoff: str
    order: Literal["oldest", "newest"]
    at_once: int
    reprocess: Literal["none", "failed", "all"]
    on_failure: Literal["stop", "continue"]
    slots: SlotCounts
    created_at: datetime
    ended_at: datetime | None


class BackfillPreview(msgspec.Struct, frozen=True):
    """What a backfill would do."""

    backfill: BackfillAnswer
    zone: str
    """The time zone of the schedule; empty for UTC."""
    inputs: dict[str, str]
    """The inputs of the first run, as people read them. The others differ in `kickoff` alone."""
    slots: list[SlotAnswer]


class TriggerBody(msgspec.Struct, forbid_unknown_fields=True):
    """A run that is started at once."""

    at: datetime | None = None
    """The time that it is about; null for now. A time without an offset is in the time zone of the schedule."""


class TriggerAnswer(msgspec.Struct, frozen=True):
    """The trigger of an active launch plan."""

    project: str
    domain: str
    name: str
    version: str
    kind: Literal["run", "webhook", "object"]
    waits_for: str
    """The workflow or launch plan whose runs it waits for, the secret of messages, or the objects."""
    phases: tuple[EndPhase, ...]
    """The phases in which these runs have to end; none for what is no run."""
    principal: str
    """The one that activated the plan, on whose behalf its runs are launched."""
    since: datetime
    last_at: datetime | None
    """The time of its last firing."""
    started: int
    """The number of runs that it has started since its activation."""
    refused: int
    """The number of firings since then for which no run was started."""
    watching_since: datetime | None
    """The end of the first pass over objects: what appears from then on is new, whenever it was made."""
    trouble: str
    """The reason why objects can't be looked at now."""


class FiringAnswer(msgspec.Struct, frozen=True):
    """What became of one cause at the trigger of a launch plan."""

    project: str
    domain: str
    name: str
    version: str
    cause: str
    ended: RunName | None
    """The run whose end is the cause; null for another kind of cause."""
    at: datetime
    state: Literal["STARTED", "REFUSED"]
    run: str
    """The name of the run that was started."""
    detail: str
    """The reason why no run was started."""


class Refusal(msgspec.Struct, frozen=True):
    """An error, and the way to mend it."""

    code: str
    """Stable, for programs."""
    message: str
    fix: str


class RemovedByRule(msgspec.Struct, frozen=True):
    """The runs that go by one rule of retention."""

    rule: str
    runs: int
    objects: int
    """Of the runs that were measured, as the next."""
    bytes: int


class RemovedByAge(msgspec.Struct, frozen=True):
    """Things of one kind that go by their age, by one rule of retention."""

    of: str
    """`code`, `cache`, `audits`, `backfills`, `firings` or `deliveries`."""
    rule: str
    count: int
    bytes: int
    """Of rows about so many."""


class RunsThatStay(msgspec.Struct, frozen=True):
    """Runs that stay for one reason."""

    reason: str
    runs: int


class RetentionAnswer(msgspec.Struct, frozen=True):
    """What retention would remove now."""

    goes: list[RemovedByRule]
    measured: int
    """The number of runs whose objects were counted."""
    stays: list[RunsThatStay]
    unfinished: int
    """Runs that are being removed."""
    by_age: list[RemovedByAge]
    """What else goes."""


class RetentionRuleAnswer(msgspec.Struct, frozen=True):
    """A rule of retention. What is empty fits all."""

    name: str
    of: str
    """`runs`, or what goes by its age."""
    projects: tuple[str, ...]
    domains: tuple[str, ...]
    workflows: tuple[str, ...]
    phases: tuple[str, ...]
    keep_days: float | None
    """The time for which it is kept at least, of a run from its end on; null for none."""
    keep_last: int
    """The number of newest runs of each workflow that are kept, however old."""


class KeptAnswer(msgspec.Struct, frozen=True):
    """The standing of a run with retention."""

    kept: bool
    """True if it stays, whatever the rules say."""


class DiskAnswer(msgspec.Struct, frozen=True):
    """Bytes on the disk of the data folder. What is kept elsewhere is not counted."""

    database: int
    objects: int
    other: int
    """Code, environments, working folders, logs."""
    free: int
    environments: int
    """The part of the others that are Python environments which were made for tasks."""
    trouble: str
    """Says that little room is left; empty if there is enough."""
