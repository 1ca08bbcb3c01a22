"""The state of one execution, and the turn that changes it.

The state is a tree of *scopes*, each with its nodes and with the cells of those in flight (`cells.py`). A *turn* is
what a single event leads to, collected while the machines run. Nothing here decides; scopes and machines do, and these
are their contracts. They stand in one module because each is told in terms of the others: an execution holds scopes, a
scope begins a node in a turn, and a turn changes an execution.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Protocol

import msgspec
from flyteidl.core import literals_pb2

from alula.core.engine.actions import Action
from alula.core.engine.cells import Cell, ScopeCell
from alula.core.engine.events import Created, Event, SignalSet
from alula.core.engine.plan import NodeKind, Plan, PlanNode
from alula.core.engine.records import Changes, ExecutionPhase, NodePhase, Reason
from alula.core.engine.recovery import Recovery
from alula.core.errors import TaskError


class Scope(Protocol):
    """One running graph or array. Its nodes are numbered from 0."""

    id: int
    parent: Scope | None
    parent_node: int
    phases: bytearray
    """A `NodePhase` a node; UNDEFINED while it waits."""
    cells: dict[int, Cell]
    renewed: frozenset[int] | None
    """Nodes that run again although an earlier execution has them (`taking_over.py`); None if nobody has asked yet."""

    @property
    def is_compact(self) -> bool:
        """True if its nodes are items of an array of tasks: they share the array's row and have short ones of their
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
        """True for a failure node, and for a node inside one."""
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
        """The recovery that `created.recovery_uri` names: the results that it takes over from an earlier execution."""
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
        """The answers to gates, by signal: a gate that asks the same later has its answer at once."""
        self.children: dict[str, tuple[int, int]] = {}
        """(scope, node) of the launch plan node of each child execution."""
        self.loading: dict[str, list[tuple[int, int]]] = {}
        """(scope, node) of the nodes that wait for each value that was put aside, by URI."""
        self.arrived: dict[str, literals_pb2.Literal] = {}
        """Such values whose arrival is not in the log yet; put here by the shell. Nothing looks into them before: a
        replay does not have them."""
        self.loaded: dict[str, literals_pb2.Literal] = {}
        """Such values that are there to be looked into."""
        self.unloadable: dict[str, TaskError] = {}
        """The errors of such values that can't be loaded."""
        self._scopes_opened = 0

    def new_scope_id(self) -> int:
        self._scopes_opened += 1
        return self._scopes_opened - 1

    @property
    def has_room(self) -> bool:
        limit = self.created.max_parallelism
        return limit == 0 or self.running < limit


class Ended(msgspec.Struct, frozen=True):
    """A scope came to its end: with outputs, or with an error."""

    scope: Scope
    outputs: bytes = b""
    error: TaskError | None = None


class Machine(Protocol):
    """The behaviour of one kind of node. One module each under `machines/`, one entry in `machines.MACHINES`."""

    def begin(self, turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
        """Start the node: its inputs are resolved."""
        ...

    def accepts(self, scope: Scope, node: int, cell: Cell, event: Event) -> bool:
        """True if the event means anything to the node as it is now; a late or repeated one does not."""
        ...

    def on_event(self, turn: Turn, scope: Scope, node: int, cell: Cell, event: Event) -> None: ...

    def on_scope_end(self, turn: Turn, scope: Scope, node: int, ended: Ended) -> None:
        """The scope that the node opened came to its end."""
        ...

    def on_place(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        """The place under `max_parallelism` that the node waited for is its own now."""
        ...

    def abort(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        """Stop what the node has in flight. Its phase and rows are the caller's business, its scopes' its own."""
        ...

    def outstanding(self, execution: Execution, scope: Scope, node: int, cell: Cell) -> Iterable[Action]:
        """The actions that the node waits for the shell to do: asked again after a crash."""
        ...


class Turn:
    """The actions and changes of one event, collected. A replay needs none of them, and `silent` drops them."""

    __slots__ = ("actions", "at", "changes", "execution", "finished", "known", "machines", "silent", "work")

    def __init__(
        self, execution: Execution, at: int, machines: Mapping[NodeKind, Machine], *, silent: bool = False
    ) -> None:
        self.execution = execution
        self.at = at
        self.machines = machines
        self.silent = silent
        self.actions: list[Action] = []
        self.changes = Changes()
        self.finished: Ended | None = None
        """The end of the root scope, once it has come."""
        self.known: Set[tuple[int, int]] = frozenset()
        """(scope, node) of the nodes with an attempt that succeeds further on in the log: nobody asks for their inputs
        again."""
        self.work: deque[Callable[[], None]] = deque()
        """The work that follows within this turn, in order: a queue instead of recursion through the graph."""

    def do(self, action: Action) -> None:
        if not self.silent:
            self.actions.append(action)

    def later(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def end_scope(self, scope: Scope, *, outputs: bytes = b"", error: TaskError | None = None) -> None:
        """End a scope, and tell the node that opened it. The root's end is the execution's."""
        ended = Ended(scope, outputs, error)
        del self.execution.scopes[scope.id]
        parent = scope.parent
        if parent is None:
            self.finished = ended
            return
        self.later(lambda: self._tell_end(parent, ended))

    def abort_scope(self, id: int, parent: Scope, node: int) -> None:
        """Stop all that is in a scope; nothing where it has ended, and the node that opened it is yet to hear of it."""
        scope = self.execution.scopes.pop(id, None)
        if scope is not None:
            by = parent.node_id(node)
            scope.abort(self, f"{by} was stopped", by=by)

    def _tell_end(self, parent: Scope, ended: Ended) -> None:
        """Tell the node that opened a scope of its end, unless the node was stopped meanwhile."""
        node = ended.scope.parent_node
        cell = parent.cells.get(node)
        if isinstance(cell, ScopeCell) and cell.scope == ended.scope.id:
            self.machines[parent.plan_node(node).kind].on_scope_end(self, parent, node, ended)

    def explain(
        self, scope: Scope, node: int, attempt: int, code: str, text: str, facts: dict[str, str] | None = None
    ) -> None:
        """Record why something happened to a node."""
        if self.silent:
            return
        index = node if scope.is_compact else -1
        reason = Reason(self.at, scope.node_id(node), attempt, index, code, text, facts or {})
        self.changes.reasons.append(reason)
