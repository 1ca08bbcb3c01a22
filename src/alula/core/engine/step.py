"""The engine: `step` takes an execution one event further, `fold` takes it through a whole log.

    state = fold(plan, events)          after a crash, or to look at it
    result = offer(state, event)        while it runs: actions to do, changes to show; None if it means nothing
    outstanding(state)                  what the shell owes it, read off the state alone

Deterministic: the same events lead to the same state on every machine. Facts come in late, twice and out of order, so
the shell makes an `offer` and logs only what means something; a logged event that does not is a bug, and raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast, get_args

from alula.core.engine import answers, values
from alula.core.engine.actions import Action, Finish, LoadValue
from alula.core.engine.cells import Cell
from alula.core.engine.events import (
    AbortRequested,
    AttemptSucceeded,
    ChildEnded,
    Claimed,
    Created,
    Event,
    NodeEvent,
    PlatformFailed,
    SignalSet,
    ValueLoaded,
)
from alula.core.engine.graph import GraphScope
from alula.core.engine.machines import MACHINES
from alula.core.engine.plan import Plan
from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.engine.recovery import Recovery
from alula.core.engine.state import Ended, Execution, Machine, Scope, Turn
from alula.core.errors import TaskError
from alula.core.literals.attributes import Loaded


class IllegalTransition(Exception):
    """A logged event does not fit the state: the log or the engine is wrong. Tells where the node stood."""


def start(
    plan: Plan, created: Created, graphs: Mapping[str, Plan] | None = None, recovery: Recovery | None = None
) -> tuple[Execution, list[Action], Changes]:
    """Begin an execution: its first event makes its state. `recovery` is what that event names, `graphs` what that
    names."""
    execution = Execution(plan, created, recovery)
    execution.graphs.update(graphs or {})
    turn = Turn(execution, created.at, MACHINES)
    _start(turn)
    return execution, turn.actions, turn.changes


def step(execution: Execution, event: Event) -> tuple[list[Action], Changes]:
    """Apply one event.

    Raises:
        IllegalTransition: `accepts` would have said no.
    """
    stepped = offer(execution, event)
    if stepped is None:
        raise IllegalTransition(_story(execution, event))
    return stepped


def offer(execution: Execution, event: Event) -> tuple[list[Action], Changes] | None:
    """Apply one event, or return None and change nothing if it means nothing: `accepts` and `step` in one."""
    turn = Turn(execution, event.at, MACHINES)
    return (turn.actions, turn.changes) if _apply(turn, event) else None


def accepts(execution: Execution, event: Event) -> bool:
    """True if the event means anything now. A repeated, late or overtaken one does not."""
    if isinstance(event, Claimed):
        return True  # even of an execution that ended as it began
    if execution.phase.is_terminal or isinstance(event, Created):
        return False
    if isinstance(event, AbortRequested | PlatformFailed):
        return True
    if isinstance(event, ValueLoaded):
        return event.uri in execution.loading
    if isinstance(event, SignalSet):
        return answers.is_open(execution, event.signal_id)
    return any(_accepting(execution, scope, node, event) is not None for scope, node in _addressees(execution, event))


_ExecutionEvent = Created | Claimed | AbortRequested | PlatformFailed | ValueLoaded | SignalSet
_OF_THE_EXECUTION = frozenset(get_args(_ExecutionEvent))


def _addressees(execution: Execution, event: NodeEvent) -> Sequence[tuple[int, int]]:
    """(scope, node) of the nodes that an event concerns: one, but for a signal that several gates wait for."""
    if type(event) is SignalSet:
        return tuple(execution.gates.get(event.signal_id, ()))
    if type(event) is ChildEnded:
        place = execution.children.get(event.child)
        return (place,) if place is not None else ()
    return ((event.scope, event.node),)


def _accepting(execution: Execution, scope_id: int, node: int, event: NodeEvent) -> tuple[Machine, Scope, Cell] | None:
    """The machine that takes the event at that place, with its scope and cell; None if it means nothing there."""
    scope = execution.scopes.get(scope_id)
    cell = scope.cells.get(node) if scope is not None else None
    if scope is None or cell is None:
        return None
    machine = MACHINES[scope.plan_node(node).kind]
    return (machine, scope, cell) if machine.accepts(scope, node, cell, event) else None


def fold(
    plan: Plan,
    events: Iterable[Event],
    graphs: Mapping[str, Plan] | None = None,
    recovery: Recovery | None = None,
    loaded: Loaded | None = None,
) -> Execution:
    """The state after a whole log, whose first event is `Created`; `graphs`, `recovery` and the `loaded` values are
    what it names."""
    created, *log = events
    if not isinstance(created, Created):
        raise IllegalTransition(f"a log begins with Created, not {type(created).__name__}")
    execution = Execution(plan, created, recovery)
    execution.graphs.update(graphs or {})
    turn = Turn(execution, created.at, MACHINES, silent=True)
    if recovery is None:  # else inputs decide about what is taken over
        turn.known = {(event.scope, event.node) for event in log if type(event) is AttemptSucceeded}
    _start(turn)
    if log and isinstance(failed := log[0], PlatformFailed) and execution.phase.is_terminal:
        # It was ended unread: nothing of what its start would have led to has come to be.
        execution.phase, execution.error = ExecutionPhase.FAILED, failed.error
        del log[0]
    for event in log:
        if type(event) is ValueLoaded and event.error is None:
            execution.arrived[event.uri] = (loaded or {})[event.uri]
        turn.at = event.at
        if not _apply(turn, event):
            raise IllegalTransition(_story(execution, event))
        if turn.changes.asides:  # they are stored already
            turn.changes.asides.clear()
    return execution


def outstanding(execution: Execution) -> Iterator[Action]:
    """Everything that the execution waits for the shell to do. Doing it twice is harmless."""
    if execution.phase.is_terminal:
        yield Finish(execution.error)
        return
    yield from map(LoadValue, execution.loading)
    for scope in execution.scopes.values():
        for node, cell in scope.cells.items():
            machine = MACHINES[scope.plan_node(node).kind]
            yield from machine.outstanding(execution, scope, node, cell)


def _start(turn: Turn) -> None:
    execution = turn.execution
    execution.phase = ExecutionPhase.RUNNING
    turn.changes.execution = ExecutionChange(ExecutionPhase.RUNNING, turn.at, started_at=turn.at)
    root = GraphScope(execution.new_scope_id(), execution.plan, execution.created.inputs)
    execution.scopes[root.id] = root
    root.start(turn)
    _run(turn)


def _apply(turn: Turn, event: Event) -> bool:
    """False where the event means nothing."""
    if type(event) not in _OF_THE_EXECUTION:
        return _tell(turn, cast(NodeEvent, event))
    if not accepts(turn.execution, event):
        return False
    _apply_to_all(turn, cast(_ExecutionEvent, event))
    return True


def _apply_to_all(turn: Turn, event: _ExecutionEvent) -> None:
    match event:
        case AbortRequested():
            _abort(turn, event)
        case PlatformFailed():
            _give_up(turn, event.error)
        case ValueLoaded():
            values.go_on(turn, event.uri, event.error)
            _run(turn)
            values.forget(turn.execution)
        case SignalSet():
            answers.keep(turn, event)
            _tell(turn, event)
        case _:
            return


def _tell(turn: Turn, event: NodeEvent) -> bool:
    """Give an event to the nodes that it concerns. False where it means nothing to any of them."""
    heard = False
    for scope_id, node in _addressees(turn.execution, event):
        accepting = _accepting(turn.execution, scope_id, node, event)
        if accepting is not None:
            heard = True
            machine, scope, cell = accepting
            machine.on_event(turn, scope, node, cell, event)
            if turn.work or turn.finished is not None:
                _run(turn)
    return heard


def _run(turn: Turn) -> None:
    while turn.work:
        turn.work.popleft()()
    if turn.finished is not None:
        _finish(turn, turn.finished)


def _finish(turn: Turn, ended: Ended) -> None:
    execution = turn.execution
    execution.error = ended.error
    execution.phase = ExecutionPhase.FAILED if ended.error else ExecutionPhase.SUCCEEDED
    change = ExecutionChange(
        execution.phase,
        turn.at,
        ended_at=turn.at,
        error=ended.error,
        outputs=None if ended.error else ended.outputs,
    )
    _end(turn, change)


def _abort(turn: Turn, event: AbortRequested) -> None:
    execution = turn.execution
    root = execution.scopes[0]
    root.abort(turn, f"the execution was aborted by {event.principal or 'nobody known'}: {event.cause}")
    execution.phase = ExecutionPhase.ABORTED
    change = ExecutionChange(
        execution.phase,
        turn.at,
        ended_at=turn.at,
        abort_cause=event.cause,
        abort_principal=event.principal,
    )
    _end(turn, change)


def _give_up(turn: Turn, error: TaskError) -> None:
    root = turn.execution.scopes[0]
    root.abort(turn, f"the platform could not go on with the execution: {error.message}")
    _finish(turn, Ended(root, error=error))


def _end(turn: Turn, change: ExecutionChange) -> None:
    execution = turn.execution
    execution.scopes.clear()
    execution.blocked.clear()
    execution.gates.clear()
    execution.children.clear()
    execution.loading.clear()
    values.forget(execution)
    started = turn.changes.execution
    change.started_at = started.started_at if started else None
    turn.changes.execution = change
    turn.do(Finish(execution.error))


def _story(execution: Execution, event: Event) -> str:
    where = ""
    if not isinstance(event, Created | Claimed | AbortRequested | PlatformFailed | ValueLoaded):
        for scope_id, node in _addressees(execution, event):
            scope = execution.scopes.get(scope_id)
            cell = scope.cells.get(node) if scope is not None else None
            where += f" at {scope.node_id(node)}" if scope is not None else f" in scope {scope_id}"
            where += f", which stands at {cell!r}" if cell is not None else ", which is not in flight"
    return f"{event!r} does not fit an execution in phase {execution.phase.name}{where}"
