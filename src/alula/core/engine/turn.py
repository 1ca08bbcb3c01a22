"""One turn of the engine: what a single event leads to, collected while the machines run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Protocol

import msgspec

from alula.core.engine.actions import Action
from alula.core.engine.events import Event
from alula.core.engine.plan import NodeKind
from alula.core.engine.records import Changes, Reason
from alula.core.engine.state import Cell, Execution, Scope, ScopeCell
from alula.core.errors import TaskError


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
        """Whether the event means anything to the node as it is now; a late or repeated one does not."""
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
        """What the node waits for the shell to do: asked again after a crash."""
        ...


class Turn:
    """Collects actions and changes. While a log is replayed nobody needs them, and `silent` drops them."""

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
        """What follows within this turn, in order: a queue instead of recursion through the graph."""

    def do(self, action: Action) -> None:
        if not self.silent:
            self.actions.append(action)

    def later(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def end_scope(self, scope: Scope, *, outputs: bytes = b"", error: TaskError | None = None) -> None:
        """A scope has ended: tell the node that opened it. The root's end is the execution's."""
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
        """Unless the node was stopped meanwhile."""
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
