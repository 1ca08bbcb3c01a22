"""The state of one execution: a tree of scopes, each with its nodes, and what is in flight.

A node that is waiting or has ended costs a byte and its outputs; only a node in flight has a *cell*, the record
of its machine. Nothing here decides; the machines and scopes do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import msgspec
from flyteidl.core import literals_pb2

from alula.core.engine.events import Created, SignalSet
from alula.core.engine.plan import Plan, PlanNode
from alula.core.engine.records import CacheStatus, ExecutionPhase, NodePhase
from alula.core.errors import TaskError
from alula.core.policy.cache_key import CacheKey
from alula.core.policy.retries import Spent

if TYPE_CHECKING:
    from alula.core.engine.recovery import Recovery
    from alula.core.engine.turn import Turn


Stage: TypeAlias = Literal["LOOKING_UP", "BLOCKED", "SUBMITTED", "RUNNING", "BACKING_OFF", "RESERVING", "AWAITING"]
"""Where a task node in flight stands. See `machines/task.py`."""


class TaskCell(msgspec.Struct):
    """A task node (or an array item) in flight."""

    stage: Stage
    inputs: bytes
    queued_at: int
    attempt: int = 0
    spent: Spent = msgspec.field(default_factory=Spent)
    started_at: int = -1
    """When its first attempt began."""
    due_at: int = 0
    """When the timer of its stage fires: the back-off's end, or the attempt's deadline."""
    key: CacheKey | None = None
    cache_status: CacheStatus = CacheStatus.DISABLED
    reserved: bool = False
    """Whether others that want the same wait for it."""

    @property
    def waits_for_place(self) -> bool:
        return self.stage == "BLOCKED"


class ScopeCell(msgspec.Struct):
    """A node that waits for a scope of its own to end: a sub-workflow, an array, a branch, what a dynamic task made."""

    scope: int
    task: TaskCell | None = None
    """Of a dynamic task, where it stood when it gave its graph."""
    due_at: int = 0
    """When the node has timed out, 0 for never. Of a dynamic task that follows from `task`."""

    @property
    def waits_for_place(self) -> bool:
        return False


class GateCell(msgspec.Struct):
    """A gate that waits for an answer or for time to pass."""

    inputs: bytes
    due_at: int
    """When it opens by itself, or gives up waiting; 0 for never."""

    @property
    def waits_for_place(self) -> bool:
        return False


class ChildCell(msgspec.Struct):
    """A launch plan node: its child execution runs, or waits for a place to."""

    child: str
    inputs: bytes
    launched: bool = False
    due_at: int = 0
    """When the node has timed out, 0 for never."""

    @property
    def waits_for_place(self) -> bool:
        return not self.launched


Cell: TypeAlias = TaskCell | ScopeCell | GateCell | ChildCell


class Scope(Protocol):
    """One running graph or array. Its nodes are numbered from 0."""

    id: int
    parent: Scope | None
    parent_node: int
    phases: bytearray
    """A `NodePhase` a node; UNDEFINED while it waits."""
    cells: dict[int, Cell]
    renewed: frozenset[int] | None
    """Nodes that run again although an earlier execution has them, see `recovery.py`; None as long as nobody asked."""

    @property
    def is_compact(self) -> bool:
        """Whether its nodes are items of an array of tasks: they share the array's row and have short ones of their
        own."""
        ...

    def plan_node(self, node: int) -> PlanNode: ...

    def node_id(self, node: int) -> str:
        """Unique in the execution; of an item in a compact scope, the array's own."""
        ...

    def spec_id(self, node: int) -> str:
        """The node's id in the template that it comes from."""
        ...

    def handles_failure(self, node: int) -> bool:
        """Whether it is a failure node, or inside one."""
        ...

    def after(self, nodes: Sequence[int]) -> frozenset[int]:
        """The nodes that wait for one of these, directly or not."""
        ...

    def begin(self, turn: Turn, node: int) -> None:
        """All that the node waited for is there."""
        ...

    def succeeded(self, turn: Turn, node: int, outputs: bytes, phase: NodePhase = NodePhase.SUCCEEDED) -> None:
        """The node has its outputs: of its own, or with `RECOVERED` from an earlier execution."""
        ...

    def failed(self, turn: Turn, node: int, error: TaskError, phase: NodePhase) -> None: ...

    def abort(self, turn: Turn, why: str, *, by: str = "") -> None:
        """Stop everything in flight in it and inside it, because of a node, if it is for one. The scope itself is the
        caller's to drop."""
        ...

    def values(self, node: int) -> literals_pb2.LiteralMap:
        """Outputs of a node of the graph, or with `sources.INPUTS` its inputs: what promises resolve to."""
        ...

    def own_inputs(self, node: int, inputs: bytes) -> literals_pb2.LiteralMap:
        """The inputs that decide whether the node's result is known: of an item that begins with those of its whole
        array, its own."""
        ...


class Execution:
    """One execution, as the fold of its log. Made by `start`, changed by `step` only."""

    __slots__ = (
        "_scopes_opened",
        "answers",
        "arrived",
        "asked",
        "blocked",
        "children",
        "created",
        "error",
        "gates",
        "graphs",
        "loaded",
        "loading",
        "phase",
        "plan",
        "recovery",
        "running",
        "scopes",
        "unloadable",
    )

    def __init__(self, plan: Plan, created: Created, recovery: Recovery | None = None) -> None:
        self.plan = plan
        self.created = created
        self.recovery = recovery
        """What it takes over from an earlier execution: what `created.recovery_uri` names."""
        self.phase = ExecutionPhase.QUEUED
        self.error: TaskError | None = None
        self.scopes: dict[int, Scope] = {}
        self.running = 0
        """Attempts that hold a place under `max_parallelism`."""
        self.blocked: deque[tuple[int, int]] = deque()
        """(scope, node) of task nodes that wait for such a place."""
        self.graphs: dict[str, Plan] = {}
        """Plans of the graphs that dynamic tasks gave, by the URI of the closure; put here by the shell."""
        self.gates: dict[str, list[tuple[int, int]]] = {}
        """(scope, node) of the gates that wait for each signal."""
        self.asked: dict[str, str] = {}
        """The node id of the last gate that waited for each signal, also where none does any more."""
        self.answers: dict[str, SignalSet] = {}
        """What gates were answered, by signal: a gate that asks the same later has its answer at once."""
        self.children: dict[str, tuple[int, int]] = {}
        """(scope, node) of the launch plan node of each child execution."""
        self.loading: dict[str, list[tuple[int, int]]] = {}
        """(scope, node) of what waits for each value that was put aside, by URI."""
        self.arrived: dict[str, literals_pb2.Literal] = {}
        """Such values of which no event has told yet; put here by the shell. Nothing looks into them before: a replay
        does not have them."""
        self.loaded: dict[str, literals_pb2.Literal] = {}
        """Such values that are there to be looked into."""
        self.unloadable: dict[str, TaskError] = {}
        """Why such values are not."""
        self._scopes_opened = 0

    def new_scope_id(self) -> int:
        self._scopes_opened += 1
        return self._scopes_opened - 1

    @property
    def has_room(self) -> bool:
        limit = self.created.max_parallelism
        return limit == 0 or self.running < limit
