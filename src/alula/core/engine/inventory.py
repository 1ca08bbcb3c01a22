"""The inventory of an execution: all that another may take over, read off its log.

The log is stepped through once more, and all that succeeded or can be gone on with is noted by node id. If the
execution took over things itself, those that it did not reach count as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from flyteidl.core import literals_pb2

from alula.core.engine.events import AttemptSucceeded, CacheHit, Created, Event, GraphReturned, ValueLoaded
from alula.core.engine.plan import Plan
from alula.core.engine.plan_nodes import PlanNodes
from alula.core.engine.records import AttemptPhase, CacheStatus, Changes, NodePhase, NodeRecord
from alula.core.engine.recovery import Kept, Made, Recovery, hashes_of, target_of
from alula.core.engine.state import Execution
from alula.core.engine.step import start, step
from alula.core.literals.attributes import Loaded

_WELL = (NodePhase.SUCCEEDED, NodePhase.RECOVERED)

Checkpoint = Callable[[str, int, int], str]
"""The URI of an attempt's checkpoint, by a node id, the item of an array or -1, and the attempt's number."""


def take_inventory(
    plan: Plan,
    log: Sequence[Event],
    *,
    checkpoint: Checkpoint,
    graphs: Mapping[str, Plan] | None = None,
    recovery: Recovery | None = None,
    loaded: Loaded | None = None,
) -> Recovery:
    """Everything that a new execution need not do again.

    Args:
        plan: of the execution.
        log: all its events.
        checkpoint: the URIs of the attempts' checkpoints.
        graphs: the plans that the log and `recovery` name.
        recovery: what the execution itself took over, named by its first event.
        loaded: the values that the log says were loaded.
    """
    created = log[0]
    assert isinstance(created, Created), "a log begins with Created"
    found = _Inventory(plan, graphs or {}, recovery)
    state, _, changes = start(plan, created, graphs, recovery)
    found.note(changes)
    for event in log[1:]:
        found.note_event(event, state)
        if isinstance(event, ValueLoaded) and event.error is None:
            state.arrived[event.uri] = (loaded or {})[event.uri]
        _, changes = step(state, event)
        found.note(changes)
    return found.recovery(created.execution, state, checkpoint)


class _Inventory:
    def __init__(self, plan: Plan, graphs: Mapping[str, Plan], before: Recovery | None) -> None:
        self._before = before
        self._rows: dict[str, NodeRecord] = {}
        self._plan_nodes = PlanNodes(plan, graphs, self._rows)
        self._items: dict[str, dict[int, Kept]] = {}
        self._attempts: dict[str, dict[int, int]] = {}
        """The last attempt of each node (under -1) and item."""
        self._made_by: dict[str, int] = {}
        """The attempt that made each graph, by its URI."""
        if before is not None:
            self._made_by.update((made.closure_uri, made.attempt) for made in before.graphs.values())

    def note_event(self, event: Event, state: Execution) -> None:
        """Note the facts that no row tells: the outputs of items of an array of tasks, and the attempt that made a
        graph."""
        if isinstance(event, GraphReturned):
            self._made_by[event.closure_uri] = event.attempt
        if not isinstance(event, AttemptSucceeded | CacheHit):
            return
        scope = state.scopes.get(event.scope)
        if scope is not None and scope.is_compact:
            node_id, inputs = scope.node_id(event.node), hashes_of(scope.own_inputs(event.node, b""))
            target = target_of(scope.plan_node(event.node))
            self._items.setdefault(node_id, {})[event.node] = Kept(target, inputs, event.outputs)

    def note(self, changes: Changes) -> None:
        for record in changes.nodes:
            row = self._rows.setdefault(record.node_id, record)
            for field in record.__struct_fields__ if row is not record else ():
                value = getattr(record, field)
                if value is not None:
                    setattr(row, field, value)
        for attempt in changes.attempts:
            self._attempts.setdefault(attempt.node_id, {})[-1] = attempt.attempt
        for item in changes.items:
            kept = self._before.items.get(item.node_id, {}).get(item.index) if self._before is not None else None
            if kept is not None and item.phase is AttemptPhase.SUCCEEDED:  # unless it ran again: then its event tells
                self._items.setdefault(item.node_id, {}).setdefault(item.index, kept)
            self._attempts.setdefault(item.node_id, {})[item.index] = item.attempt

    def recovery(self, origin: str, state: Execution, checkpoint: Checkpoint) -> Recovery:
        before = self._before
        if before is None or before.again:  # what a fork did not take over, it did anew on purpose
            before = Recovery(origin)
        nodes = before.nodes | dict(self._kept())
        items = {node: before.items.get(node, {}) | self._items.get(node, {}) for node in before.items | self._items}
        checkpoints = {
            node_id: {
                index: checkpoint(node_id, index, attempt)
                for index, attempt in attempts.items()
                if index not in items.get(node_id, {})
            }
            for node_id, attempts in self._attempts.items()
            if node_id not in nodes
        }
        return Recovery(
            origin=origin,
            nodes=nodes,
            items=items,
            graphs=before.graphs | dict(self._made()),
            children=before.children | {id: row.child for id, row in self._rows.items() if row.child is not None},
            checkpoints=before.checkpoints | checkpoints,
            answers=before.answers | state.answers,
            shares_as_given=True,
        )

    def _kept(self) -> Iterator[tuple[str, Kept]]:
        for node_id, row in self._rows.items():
            if row.phase in _WELL:
                yield (
                    node_id,
                    Kept(
                        target=target_of(self._plan_nodes.of(row)),
                        inputs=hashes_of(literals_pb2.LiteralMap.FromString(row.inputs or b"")),
                        outputs=row.outputs or b"",
                        deck_uri=row.deck_uri or "",
                        cache_status=row.cache_status or CacheStatus.DISABLED,
                        cache_source=row.cache_source or "",
                        child=row.child or "",
                    ),
                )

    def _made(self) -> Iterator[tuple[str, Made]]:
        for node_id, row in self._rows.items():
            if row.dynamic_uri is not None:
                inputs = hashes_of(literals_pb2.LiteralMap.FromString(row.inputs or b""))
                target, attempt = target_of(self._plan_nodes.of(row)), self._made_by[row.dynamic_uri]
                yield node_id, Made(target, inputs, row.dynamic_uri, attempt)
