"""The rows that lists, the API and the console read, as changes that the engine reports.

The engine emits these beside its actions; the store merges them into its tables in the transaction that
appends the events, so a row always equals the fold of the log. In a change, `None` means "as before";
read back from a store, a record has all that is known. Times are microseconds since the epoch.
Phases are the numbers of Flyte's own enums.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from alula.core.engine.attempt_info import AttemptInfo, LogLink
from alula.core.engine.usage import Usage
from alula.core.errors import TaskError
from alula.core.ids import EntityId
from alula.core.literals.offloading import Aside
from alula.core.policy.cache_key import CacheKey


class ExecutionPhase(IntEnum):
    """`core.WorkflowExecution.Phase`."""

    UNDEFINED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDING = 3
    SUCCEEDED = 4
    FAILING = 5
    FAILED = 6
    ABORTED = 7
    TIMED_OUT = 8
    ABORTING = 9

    @property
    def is_terminal(self) -> bool:
        return self in _EXECUTION_ENDS


_EXECUTION_ENDS = frozenset(
    (ExecutionPhase.SUCCEEDED, ExecutionPhase.FAILED, ExecutionPhase.ABORTED, ExecutionPhase.TIMED_OUT)
)


class NodePhase(IntEnum):
    """`core.NodeExecution.Phase`."""

    UNDEFINED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILING = 4
    FAILED = 5
    ABORTED = 6
    SKIPPED = 7
    TIMED_OUT = 8
    DYNAMIC_RUNNING = 9
    RECOVERED = 10

    @property
    def is_terminal(self) -> bool:
        return self in _NODE_ENDS

    @property
    def has_failed(self) -> bool:
        return self in (NodePhase.FAILED, NodePhase.TIMED_OUT)


_NODE_ENDS = frozenset(
    (
        NodePhase.SUCCEEDED,
        NodePhase.FAILED,
        NodePhase.ABORTED,
        NodePhase.SKIPPED,
        NodePhase.TIMED_OUT,
        NodePhase.RECOVERED,
    )
)


class AttemptPhase(IntEnum):
    """`core.TaskExecution.Phase`."""

    UNDEFINED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    ABORTED = 4
    FAILED = 5
    INITIALIZING = 6
    WAITING_FOR_RESOURCES = 7
    RETRYABLE_FAILED = 8

    @property
    def is_terminal(self) -> bool:
        return self in _ATTEMPT_ENDS


_ATTEMPT_ENDS = frozenset(
    (AttemptPhase.SUCCEEDED, AttemptPhase.FAILED, AttemptPhase.ABORTED, AttemptPhase.RETRYABLE_FAILED)
)


class CacheStatus(IntEnum):
    """`core.CatalogCacheStatus`."""

    DISABLED = 0
    MISS = 1
    HIT = 2
    POPULATED = 3
    LOOKUP_FAILURE = 4
    PUT_FAILURE = 5
    SKIPPED = 6
    EVICTED = 7


class ExecutionChange(msgspec.Struct):
    """The run as a whole."""

    phase: ExecutionPhase
    updated_at: int
    started_at: int | None = None
    ended_at: int | None = None
    error: TaskError | None = None
    outputs: bytes | None = None
    abort_cause: str | None = None
    abort_principal: str | None = None


class NodeRecord(msgspec.Struct):
    """One node of the graph, as it ran. Identified by `node_id` within its execution."""

    node_id: str
    phase: NodePhase
    updated_at: int
    spec_node_id: str | None = None
    """The node's id in its workflow's template."""
    parent_id: str | None = None
    """The node whose graph this one is in; empty at the top level."""
    created_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    inputs: bytes | None = None
    """Serialized `core.LiteralMap`."""
    outputs: bytes | None = None
    error: TaskError | None = None
    cache_status: CacheStatus | None = None
    cache_source: str | None = None
    deck_uri: str | None = None
    child: str | None = None
    """The name of the execution that a launch plan node started, in the project and domain of its parent."""
    dynamic_uri: str | None = None
    """The compiled graph of a dynamic node, a serialized `core.CompiledWorkflowClosure`."""
    is_parent: bool | None = None
    is_dynamic: bool | None = None
    is_array: bool | None = None


class AttemptRecord(msgspec.Struct):
    """One attempt of a task node (Flyte: task execution). Identified by `node_id` and `attempt`.

    An array node has one of these for the whole array, with its items in `ItemRecord`s.
    """

    node_id: str
    attempt: int
    phase: AttemptPhase
    updated_at: int
    task: EntityId | None = None
    task_type: str | None = None
    created_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    error: TaskError | None = None
    is_interruptible: bool | None = None
    """True if it may run on a machine that can go away."""
    size: int | None = None
    """The number of items of an array. Only those that have begun are in rows."""
    executor: str | None = None
    """The one of the platform's executors that has it. None for an array, whose items may be with several."""
    logs: tuple[LogLink, ...] | None = None
    info: AttemptInfo | None = None
    usage: Usage | None = None


class ItemRecord(msgspec.Struct):
    """One item of an array node, at its newest attempt. Identified by `node_id` and `index`."""

    node_id: str
    index: int
    attempt: int
    phase: AttemptPhase
    updated_at: int
    started_at: int | None = None
    ended_at: int | None = None
    error: TaskError | None = None
    cache_status: CacheStatus | None = None
    logs: tuple[LogLink, ...] | None = None
    info: AttemptInfo | None = None
    usage: Usage | None = None


class JobRecord(msgspec.Struct, frozen=True):
    """A job that another system has for an attempt, which its executor finds by a handle only. Identified by the first
    three."""

    node_id: str
    index: int
    """Item of an array node, -1 elsewhere."""
    attempt: int
    executor: str = ""
    handle: bytes = b""
    """Empty if the job is over, as its executor has said."""


class Reason(msgspec.Struct, frozen=True):
    """The reason for something: one link of the causal chain that `explain` and `describe` show.

    Append-only. `code` is for programs, `facts` are its parameters, `text` says it to people.
    """

    at: int
    node_id: str
    attempt: int
    """-1 if the reason concerns the node, not one attempt."""
    index: int
    code: str
    text: str
    facts: dict[str, str] = {}


class SignalRecord(msgspec.Struct):
    """A gate's question, and its answer once it is given. Identified by `signal_id` within its execution."""

    signal_id: str
    node_id: str
    type: bytes | None = None
    """Serialized `core.LiteralType` of the answer."""
    value: bytes | None = None
    """Serialized `core.Literal`."""
    created_at: int | None = None
    principal: str | None = None


class CacheEntry(msgspec.Struct, frozen=True):
    """Outputs that may stand in for a run of the same task on the same inputs."""

    key: CacheKey
    outputs: bytes
    source: str
    created_at: int


class Released(msgspec.Struct, frozen=True):
    """A reservation that ends: nodes that wait for it may look again."""

    key: CacheKey
    holder: str


class Changes(msgspec.Struct):
    """All that one or several steps of one execution changed. Later records of the same thing win field by field."""

    execution: ExecutionChange | None = None
    nodes: list[NodeRecord] = []
    attempts: list[AttemptRecord] = []
    items: list[ItemRecord] = []
    reasons: list[Reason] = []
    signals: list[SignalRecord] = []
    jobs: list[JobRecord] = []
    published: list[CacheEntry] = []
    """Cache entries to write, in the same transaction."""
    released: list[Released] = []
    asides: list[Aside] = []
    """Objects to write before anything that refers to them."""
