"""The contract for what the platform remembers. Adapters: `stores/` (memory, SQL), with one contract suite.

Three rules. Each method is one transaction. Every change carries an `Audit` that is written in the same
transaction. The log of an execution is fenced by its own numbers: of two runners that both believe they own
an execution, the second to append number n learns that it lost and steps down; no clock decides.

Times are microseconds since the epoch. Lists are filtered and paged in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Literal, NamedTuple, Protocol

import msgspec

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheEntry,
    Changes,
    ExecutionPhase,
    ItemRecord,
    NodeRecord,
    Reason,
    SignalRecord,
)
from alula.core.errors import TaskError
from alula.core.ids import EntityId, ExecutionId, Place
from alula.core.policy.cache_key import CacheKey
from alula.server.access import Places

EntityKind = Literal["task", "workflow", "launch_plan"]
Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "contains", "value_in"]


class Audit(msgspec.Struct, frozen=True):
    """Who did what to which thing, when."""

    at: int
    principal: str
    action: str
    """`register`, `launch`, `abort`, `activate` ..."""
    target: str
    """`execution flytesnacks/development/a1b2`."""
    detail: str = ""
    project: str = ""
    domain: str = ""


class Filter(msgspec.Struct, frozen=True):
    """`field` is a record's field name (see each list method); values are compared as that field's type."""

    field: str
    operator: Operator
    values: tuple[str, ...]


class Query(msgspec.Struct, frozen=True):
    """A page of a list. An unknown field raises `InvalidInput` code `UnknownField`."""

    limit: int
    offset: int = 0
    filters: tuple[Filter, ...] = ()
    sort_by: str = "created_at"
    descending: bool = True
    places: Places = None
    """Only rows that these places cover. For lists that span places: of projects, and of what has a project and a
    domain."""


class ProjectRecord(msgspec.Struct, frozen=True):
    id: str
    name: str
    description: str = ""
    labels: dict[str, str] = {}
    archived: bool = False
    created_at: int = 0


class EntityRecord(msgspec.Struct, frozen=True):
    """A registered task, workflow or launch plan. Filter fields: project, domain, name, version,
    state (1 active), hidden, created_at, task_type."""

    kind: EntityKind
    id: EntityId
    digest: bytes
    """Of the normalised compiled closure: equal digests are the same thing."""
    spec: bytes
    """Serialized `admin.TaskSpec`, `WorkflowSpec` or `LaunchPlanSpec`."""
    closure: bytes
    """Serialized `admin.TaskClosure`, `core.CompiledWorkflowClosure` or `admin.LaunchPlanClosure`."""
    created_at: int
    active: bool = False
    """Launch plans: at most one version of a name is active."""
    hidden: bool = False
    """Made by the platform, not by a user (`.flytegen.` skeletons)."""
    task_type: str = ""
    short_description: str = ""
    interpreter: str = ""
    """Python of the client that registered a task, when known."""
    interpreter_host: str = ""


class DatasetId(NamedTuple):
    project: str
    domain: str
    name: str
    version: str

    @property
    def place(self) -> Place:
        return Place(self.project, self.domain)

    def __str__(self) -> str:
        return f"{self.project}/{self.domain}/{self.name}@{self.version}"


class DatasetRecord(msgspec.Struct, frozen=True):
    """Artifacts of one kind. Filter fields: project, domain, name, version, created_at.

    A client makes it, or the first cache entry of its task, as `core.policy.task_datasets` has it; that has no UUID,
    and stays when its entries are evicted.
    """

    id: DatasetId
    uuid: str
    partition_keys: tuple[str, ...]
    metadata: dict[str, str]
    created_at: int


class ArtifactRecord(msgspec.Struct, frozen=True):
    """Named values that a client keeps under an id."""

    dataset: DatasetId
    id: str
    partitions: dict[str, str]
    metadata: dict[str, str]
    data: bytes
    """Serialized `datacatalog.Artifact` that has its data alone."""
    created_at: int
    tags: tuple[str, ...] = ()


class ArtifactQuery(msgspec.Struct, frozen=True):
    """A page of the artifacts of a dataset that have this id, this tag and these partitions, as far as given."""

    dataset: DatasetId
    limit: int = 1
    offset: int = 0
    id: str = ""
    tag: str = ""
    partitions: tuple[tuple[str, str], ...] = ()
    descending: bool = True
    """By the time of creation."""


class KeptOutput(msgspec.Struct, frozen=True):
    """What a client keeps under a key of its own."""

    key: str
    output: bytes
    """Serialized `cacheservice.CachedOutput` without times."""
    created_at: int
    updated_at: int


class Hold(msgspec.Struct, frozen=True):
    """A client's reservation: until `expires_at` by the store's clock nobody else can have it."""

    name: str
    owner: str
    heartbeat_us: int
    expires_at: int


class Registered(Enum):
    CREATED = "created"
    IDENTICAL = "identical"
    DIFFERENT = "different"


class NamedEntityRecord(msgspec.Struct, frozen=True):
    """All versions of a name as one thing. Filter fields: project, domain, name, description, state,
    created_at (of the newest version)."""

    kind: EntityKind
    project: str
    domain: str
    name: str
    description: str = ""
    state: int = 0
    """`admin.NamedEntityState`. Of a name that nobody has set one for: SYSTEM_GENERATED where every version is
    hidden, else ACTIVE."""


class AttributesRecord(msgspec.Struct, frozen=True):
    """Settings of one kind for a project, for a domain of it, or for a workflow there; empty where for all."""

    resource: int
    """`admin.MatchableResource`"""
    project: str
    domain: str
    workflow: str
    attributes: bytes
    """Serialized `admin.MatchingAttributes`."""
    updated_at: int = 0


class ExecutionRecord(msgspec.Struct):
    """One run. Filter fields: all scalar ones, `state` (0 active, 1 archived), plus `workflow.name`,
    `workflow.version`, `launch_plan.name`, `launch_plan.version`, `execution_tag.key`, `execution_tag.value`
    (labels)."""

    id: ExecutionId
    spec: bytes
    """Serialized `admin.ExecutionSpec`, as launched (metadata filled in)."""
    inputs: bytes
    """Resolved inputs, serialized `core.LiteralMap`."""
    user_inputs: bytes
    """Inputs as the caller gave them: what a relaunch uses."""
    workflow: EntityId
    launch_entity: Literal["launch_plan", "task"]
    launch_plan: EntityId
    """What was launched: a launch plan, or the task itself."""
    principal: str
    mode: int
    """`admin.ExecutionMetadata.ExecutionMode`."""
    created_at: int
    updated_at: int
    phase: ExecutionPhase = ExecutionPhase.QUEUED
    started_at: int | None = None
    ended_at: int | None = None
    error: TaskError | None = None
    outputs: bytes | None = None
    abort_cause: str | None = None
    abort_principal: str | None = None
    archived: bool = False
    labels: dict[str, str] = {}
    task_resources: bytes = b""
    """What tasks get that do not say, and may have at most, as it was set at launch: serialized
    `admin.TaskResourceAttributes`."""
    incarnation: str = ""
    """As in its first event."""


class History(msgspec.Struct, frozen=True):
    """An execution with all that has happened to it: what its state is made of."""

    record: ExecutionRecord
    log: list[bytes]
    """All events, in order."""
    next_seq: int
    """The number of its next event: that of the events, where none is missing."""


class InboxMessage(msgspec.Struct, frozen=True):
    """A request to the owner of an execution, as an encoded engine event."""

    number: int
    """Set by the store; rising."""
    execution: ExecutionId
    event: bytes


class Commit(msgspec.Struct, frozen=True):
    """What one execution gained: events from `first_seq` on, the rows that follow, messages consumed."""

    execution: ExecutionId
    first_seq: int
    events: Sequence[bytes]
    changes: Changes
    consumed: Sequence[int] = ()
    audit: Sequence[Audit] = ()
    owner: str = ""
    """The runner that commits, fenced off as soon as another claims the execution. Not checked when empty."""

    @property
    def is_end(self) -> bool:
        """Whether the execution ends with it, in another way than by an abort."""
        change = self.changes.execution
        return change is not None and change.phase.is_terminal and not self.is_abort

    @property
    def is_abort(self) -> bool:
        """Whether the execution ends with it, aborted."""
        change = self.changes.execution
        return change is not None and change.phase is ExecutionPhase.ABORTED


WakeUp = Callable[[ExecutionId], None]


class Store(Protocol):
    """Raises `Unavailable` when the database can't be reached, `ResourceExhausted` when its disk is full."""

    async def start(self) -> None:
        """Open, create or migrate. A schema newer than this program raises `FailedPrecondition`
        code `StoreTooNew`."""
        ...

    async def stop(self) -> None: ...

    def on_wake_up(self, callback: WakeUp) -> None:
        """Call back, on the event loop's thread, when any process created an execution or sent it mail."""
        ...

    async def constant(self, name: str, value: str) -> str:
        """What is said once of the store as a whole: `value`, or what was said under this name before."""
        ...

    # Projects

    async def put_project(self, project: ProjectRecord, audit: Audit) -> None:
        """Create or replace."""
        ...

    async def project(self, project: str) -> ProjectRecord | None: ...

    async def projects(self, query: Query) -> list[ProjectRecord]: ...

    # Tasks, workflows, launch plans

    async def register(self, entities: Sequence[EntityRecord], audit: Audit) -> list[Registered]:
        """Keep what is new, in one transaction: where one is DIFFERENT from what stands, none is kept."""
        ...

    async def entity(self, kind: EntityKind, id: EntityId) -> EntityRecord | None: ...

    async def entities(self, kind: EntityKind, query: Query) -> list[EntityRecord]: ...

    async def entity_names(self, kind: EntityKind, query: Query) -> list[tuple[str, str, str]]:
        """Distinct (project, domain, name)."""
        ...

    async def active_launch_plan(self, project: str, domain: str, name: str) -> EntityRecord | None: ...

    async def set_launch_plan_active(self, id: EntityId, *, active: bool, audit: Audit) -> bool:
        """Activating deactivates every other version of the name. False when there is no such launch plan."""
        ...

    async def put_named_entity(self, entity: NamedEntityRecord, audit: Audit) -> None:
        """Create or replace what is said of a name, whether or not a version of it is registered."""
        ...

    async def named_entity(self, kind: EntityKind, project: str, domain: str, name: str) -> NamedEntityRecord | None:
        """None when no version is registered."""
        ...

    async def named_entities(self, kind: EntityKind, query: Query) -> list[NamedEntityRecord]:
        """Names of which a version is registered."""
        ...

    # Settings of projects, domains and workflows

    async def put_attributes(self, attributes: AttributesRecord, audit: Audit) -> None:
        """Create or replace."""
        ...

    async def delete_attributes(self, resource: int, *, project: str, domain: str, workflow: str, audit: Audit) -> bool:
        """False when there are none."""
        ...

    async def attributes(
        self, resource: int | None = None, *, at: tuple[str, str, str] | None = None
    ) -> list[AttributesRecord]:
        """All, those of one kind, those that hold `at` a project, domain and workflow: by project, domain, workflow and
        kind."""
        ...

    # Executions, as lists and the console read them

    async def create_execution(
        self, execution: ExecutionRecord, event: bytes, audit: Audit, *, owner: str = ""
    ) -> bool:
        """Keep the row and event 0 of its log. False when the id exists. `owner`: claims it at once."""
        ...

    async def execution(self, id: ExecutionId) -> ExecutionRecord | None: ...

    async def executions(self, query: Query) -> list[ExecutionRecord]: ...

    async def set_archived(self, id: ExecutionId, *, archived: bool, audit: Audit) -> bool: ...

    async def node(self, execution: ExecutionId, node_id: str) -> NodeRecord | None: ...

    async def nodes(
        self, execution: ExecutionId, parent_id: str | None, query: Query, *, with_values: bool = False
    ) -> list[NodeRecord]:
        """Nodes whose parent is `parent_id` ("" for the top level), or all with None. Inputs and outputs are read
        `with_values` only.
        Filter fields: node_id, phase, cache_status, created_at, started_at, updated_at."""
        ...

    async def attempts(self, execution: ExecutionId, node_id: str, query: Query) -> list[AttemptRecord]:
        """Filter and sort field: attempt."""
        ...

    async def items(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]:
        """Filter fields: phase, index. Sort fields: index, updated_at."""
        ...

    async def item_phases(self, execution: ExecutionId, node_id: str) -> dict[AttemptPhase, int]:
        """How many items of an array are in each phase, of those that have begun."""
        ...

    async def reasons(self, execution: ExecutionId, node_id: str | None = None) -> list[Reason]:
        """In the order in which they came."""
        ...

    async def signal(self, execution: ExecutionId, signal_id: str) -> SignalRecord | None: ...

    async def signals(self, execution: ExecutionId, query: Query) -> list[SignalRecord]:
        """What the gates of an execution have asked. Filter fields: signal_id, node_id, principal, created_at."""
        ...

    async def audits(self, query: Query) -> list[Audit]:
        """Filter fields: project, domain, principal, action, target, at. Sort field: at."""
        ...

    # The runner's side

    async def post(self, execution: ExecutionId, event: bytes, audit: Audit, *, answers: str = "") -> None:
        """Put an event in the inbox of an execution and wake its owner. Raises `NotFound` code `ExecutionNotFound`,
        `FailedPrecondition` code `ExecutionEnded`.

        `answers`: the signal that the event answers. Raises `FailedPrecondition` code `SignalAnswered` if it has an
        answer already, or one is in the inbox: of several at once, one is taken.
        """
        ...

    async def claim(
        self, owner: str, *, now: int, lease_us: int, limit: int, among: Sequence[ExecutionId] | None = None
    ) -> list[ExecutionId]:
        """Take over open executions that nobody owns or whose owner's lease ended; oldest first. Only some of
        `among`, if given: the cost of asking for those does not grow with how many others are open."""
        ...

    async def claimed(self, owner: str) -> list[ExecutionId]:
        """The open executions that `owner` owns: what a runner goes by that can't be sure of it."""
        ...

    async def now(self) -> int:
        """The time by the clock that all who share the store go by, for leases: those of their machines differ."""
        ...

    async def renew(self, owner: str, *, now: int, lease_us: int) -> None:
        """Say that `owner` lives: its claims hold for `lease_us` from now."""
        ...

    async def release(self, owner: str | None = None) -> None:
        """Let go of all that `owner` claims, so that others need not wait for its lease: a graceful stop.
        None lets go of everyone's claims, for a caller that knows that no other runner lives."""
        ...

    async def owner(self, execution: ExecutionId) -> str:
        """Who has claimed an execution; empty for nobody, also where there is no such execution."""
        ...

    async def next_seq(self, execution: ExecutionId) -> int:
        """The number of the next event of its log; 0 where there is no such execution."""
        ...

    async def log(self, execution: ExecutionId) -> list[bytes]:
        """All events, in order."""
        ...

    async def histories(self, executions: Sequence[ExecutionId], *, events_max: int = 50_000) -> list[History | None]:
        """What is known of the first of these, in their order; None for one that does not exist.

        Of at least one, and of no more than have `events_max` events together.
        """
        ...

    async def inbox(self, executions: Sequence[ExecutionId]) -> list[InboxMessage]:
        """Mail not consumed yet, by number."""
        ...

    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        """Append and merge, all in one transaction where none is fenced off.

        False for a commit whose `first_seq` is not the next number of its log, or whose `owner` is not the
        owner any more: nothing of it was kept, its runner has lost the execution; the others are kept. False as well
        for one that ends its execution, not by an abort, while there is mail that it does not consume: the owner has
        yet to read it, and an abort that was acknowledged is not followed by a success. An abort takes with it what
        mail there is.
        After `Unavailable` it is not known what was kept: read the log again.
        """
        ...

    # The catalog: outputs that may stand in for a run

    async def cached(self, key: CacheKey) -> CacheEntry | None: ...

    async def cache_entries(self, query: Query, *, with_outputs: bool = False) -> list[CacheEntry]:
        """Filter fields: project, domain, task, cache_version, interface, source,
        digest, created_at."""
        ...

    async def evict(self, filters: Sequence[Filter], audit: Audit) -> int:
        """Remove the entries that meet all of these, fields as in `cache_entries`; how many there were."""
        ...

    async def reserve(self, key: CacheKey, holder: str) -> str:
        """Make a node the one that computes this result; empty when it is, else who is already.

        `holder` is `project/domain/execution/node`, of an item `project/domain/execution/node[item]`. What it holds
        ends by `Changes.released`, which it commits, and at the latest with the node: a runner may have reserved for
        one that had ended meanwhile, and nobody waits for that.
        """
        ...

    async def reserved_by(self, key: CacheKey) -> str:
        """The node that computes this result; empty for none."""
        ...

    async def unreserve(self, key: CacheKey, holder: str) -> None:
        """Let go of a reservation that came to nothing; fine where it is somebody else's."""
        ...

    # What clients keep in the catalog themselves

    async def create_dataset(self, dataset: DatasetRecord, audit: Audit) -> bool:
        """False where it exists."""
        ...

    async def datasets(self, query: Query) -> list[DatasetRecord]: ...

    async def create_artifact(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        """Without its tags; False where it exists. The dataset is there."""
        ...

    async def update_artifact(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        """Replace data and metadata; False where it does not exist."""
        ...

    async def tag_artifact(self, dataset: DatasetId, id: str, tag: str, audit: Audit) -> bool:
        """False where the dataset has an artifact of that tag. The artifact is there."""
        ...

    async def artifacts(self, query: ArtifactQuery) -> list[ArtifactRecord]:
        """With their tags in order."""
        ...

    async def kept_output(self, key: str) -> KeptOutput | None: ...

    async def keep_output(self, kept: KeptOutput, audit: Audit, *, overwrite: bool) -> bool:
        """False where the key is taken and not to be overwritten. What is overwritten keeps its time of creation."""
        ...

    async def drop_output(self, key: str, audit: Audit) -> bool:
        """False where there was none."""
        ...

    async def hold(self, wanted: Hold, audit: Audit, *, now: int) -> Hold:
        """Take or extend a reservation, unless another owner has it and it has not expired at `now`. The reservation
        that holds then, whoever has it. Extending it is not audited."""
        ...

    async def let_go(self, name: str, owner: str, audit: Audit) -> None:
        """Fine where it is somebody else's, or nobody's."""
        ...
