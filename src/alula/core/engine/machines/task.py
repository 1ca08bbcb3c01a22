"""The machine of a task node, and of each item of an array of tasks.

A node that may be cached first asks the catalog. It then waits for a place under the execution's `max_parallelism`
(BLOCKED), is handed to an executor (SUBMITTED), runs, and ends; or fails, and after a back-off (BACKING_OFF) tries
again while its budgets last. Two clocks watch it: an attempt's deadline, after which the attempt counts as failed and
may be retried, and from the moment it was queued twice that time, after which the node has timed out for good.

             begin ──► LOOKING_UP ──hit──────────────────────────► succeeded
               │            │ miss
               ▼            ▼
            BLOCKED ──► SUBMITTED ──started──► RUNNING ──────────► succeeded
               ▲                                  │ failed, timeout
               └────────── BACKING_OFF ◄──────────┴──────────────► failed, timed out

Where equal runs are to wait for each other, an attempt reserves the result before it is submitted (RESERVING). If it is
reserved already, the node gives its place back and waits for the other (AWAITING); with the attempt's end, however it
ends, the next one may have it. Only a node with a place holds a reservation, and a node that waits for one has no
place: else two could wait for each other for ever. A runner that has lost the execution and does not know it may
reserve for a node that waits by now; therefore no node waits for itself, or for one that has ended.

            BLOCKED ──► RESERVING ──reserved──► SUBMITTED
               ▲            │ by another
               └─ free ─ AWAITING ──hit──► succeeded

An echo task is never submitted: with a place it has succeeded.

A dynamic task gives a graph instead of outputs: its attempt has succeeded, the graph runs in a scope of its own, and
the node ends as that ends, or when its second clock says so.

`TRANSITIONS` is the complete table for a task as such; `accepts` refuses all that is not in it, and an illegal step
raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, get_args

from alula.core.engine import places, progress, report, taking_over
from alula.core.engine.actions import Action, CancelAttempt, LookUpCache, SetTimer, StartAttempt
from alula.core.engine.cells import IN_FLIGHT, Cell, ScopeCell, Stage, TaskCell
from alula.core.engine.events import (
    AttemptFailed,
    AttemptProgressed,
    AttemptStarted,
    AttemptSucceeded,
    AttemptWaits,
    CacheAwaited,
    CacheHit,
    CacheMissed,
    Event,
    GraphReturned,
    TimerFired,
    TimerKind,
)
from alula.core.engine.graph import GraphScope
from alula.core.engine.plan import PlanNode, PlanTask
from alula.core.engine.records import AttemptPhase, CacheEntry, CacheStatus, NodePhase, Released
from alula.core.engine.recovery import Made
from alula.core.engine.state import Ended, Execution, Scope, Turn
from alula.core.engine.usage import Usage
from alula.core.errors import TaskError
from alula.core.policy.cache_key import CacheKey, cache_key, is_cache_serializable
from alula.core.policy.echo import Renaming, echoed
from alula.core.policy.memory_growth import growth_of
from alula.core.policy.outcome import OutcomeCode
from alula.core.policy.retries import Budget, Retry, after_failure, backoff_us, may_interrupt

_PLACED = ("RESERVING", *IN_FLIGHT)
_MESSAGE_MAX_CHARS = 1_000
"""The limit on the error of a retried attempt in the reason; the whole is in its row."""
_ASKING = ("LOOKING_UP", "RESERVING", "AWAITING")
OF_AN_ATTEMPT = (AttemptSucceeded, AttemptProgressed, AttemptFailed, GraphReturned, AttemptStarted, AttemptWaits)


class TaskMachine:
    def begin(self, turn: Turn, scope: Scope, node: int, inputs: bytes) -> None:
        cell = TaskCell("BLOCKED", inputs, queued_at=turn.at)
        scope.cells[node] = cell
        plan = scope.plan_node(node)
        if plan.timeout_us:
            turn.do(_queue_timer(scope, node, cell))
        made = taking_over.made(turn, scope, node, inputs) if turn.execution.recovery is not None else None
        if made is not None:
            _open_again(turn, scope, node, cell, made)
            return
        if not plan.cacheable:
            _admit(turn, scope, node, cell)
            return
        cell.key = _key(scope, node, inputs)
        if turn.execution.created.overwrite_cache:
            cell.cache_status = CacheStatus.SKIPPED
            report.cache_status(turn, scope, node, cell)
            turn.explain(scope, node, -1, "CacheSkipped", "The execution was launched to overwrite the cache.")
            _admit(turn, scope, node, cell)
            return
        cell.stage = "LOOKING_UP"
        turn.do(_look_up(turn.execution, scope, node, cell))

    def accepts(self, scope: Scope, node: int, cell: Cell, event: Event) -> bool:
        if isinstance(cell, ScopeCell):  # its graph runs
            return isinstance(event, TimerFired) and event.kind == "queue_timeout"
        if not isinstance(cell, TaskCell) or (cell.stage, type(event)) not in TRANSITIONS:
            return False
        if isinstance(event, OF_AN_ATTEMPT):
            if isinstance(event, AttemptProgressed) and not _is_news(cell, event):
                return False
            return event.attempt == cell.attempt
        if isinstance(event, TimerFired):
            return _timer_is_due(cell, event)
        if isinstance(event, CacheMissed):  # else it is the answer to an earlier question, come once more
            return event.reserved is (cell.stage == "RESERVING")
        return True

    def on_event(self, turn: Turn, scope: Scope, node: int, cell: Cell, event: Event) -> None:
        if isinstance(cell, ScopeCell):
            self.abort(turn, scope, node, cell)
            scope.failed(turn, node, _not_done(scope, node), NodePhase.TIMED_OUT)
            return
        assert isinstance(cell, TaskCell)
        TRANSITIONS[cell.stage, type(event)](turn, scope, node, cell, event)

    def on_scope_end(self, turn: Turn, scope: Scope, node: int, ended: Ended) -> None:
        """The graph of a dynamic task came to its end."""
        if ended.error is not None:
            scope.failed(turn, node, ended.error, NodePhase.FAILED)
            return
        cell = scope.cells[node]
        assert isinstance(cell, ScopeCell) and cell.task is not None
        _publish(turn, scope, node, cell.task, ended.outputs)
        scope.succeeded(turn, node, ended.outputs)

    def on_place(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        assert isinstance(cell, TaskCell)
        _placed(turn, scope, node, cell)

    def abort(self, turn: Turn, scope: Scope, node: int, cell: Cell) -> None:
        if isinstance(cell, ScopeCell):
            turn.abort_scope(cell.scope, scope, node)
            return
        assert isinstance(cell, TaskCell)
        _let_go(turn, scope, node, cell)
        if cell.stage in IN_FLIGHT:
            _cancel(turn, scope, node, cell)
            report.attempt(turn, scope, node, cell, AttemptPhase.ABORTED)

    def outstanding(self, execution: Execution, scope: Scope, node: int, cell: Cell) -> Iterable[Action]:
        task, plan = cell.task if isinstance(cell, ScopeCell) else cell, scope.plan_node(node)
        assert isinstance(task, TaskCell)
        if plan.timeout_us:
            yield _queue_timer(scope, node, task)
        if isinstance(cell, ScopeCell):
            return
        cell = task
        if cell.stage in _ASKING:
            yield _look_up(execution, scope, node, cell)
        elif cell.stage == "BACKING_OFF":
            yield _timer(scope, node, cell, "retry", backoff_us(cell.spent))
        elif cell.stage in IN_FLIGHT:
            yield _start(execution, scope, node, cell)
            if cell.due_at:
                yield _timer(scope, node, cell, "timeout", plan.timeout_us)


def _admit(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> None:
    cell.stage = "BLOCKED"
    if places.take(turn, scope, node, cell.attempt):
        _placed(turn, scope, node, cell)


def _placed(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> None:
    if _must_reserve(turn, scope, node, cell):
        cell.stage = "RESERVING"
        turn.do(_look_up(turn.execution, scope, node, cell))
    else:
        _submit(turn, scope, node, cell)


def _let_go(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> None:
    """Give back its place, and let those go on that wait for its result."""
    if cell.stage in _PLACED:
        places.give_back(turn)
    # While it is asked for, it may have been given already, and the answer is under way.
    if (cell.reserved or cell.stage == "RESERVING") and not turn.silent:
        assert cell.key is not None, "what is reserved has a key"
        turn.changes.released.append(Released(cell.key, _holder(turn.execution, scope, node)))
    cell.reserved = False


def _submit(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> None:
    cell.stage = "SUBMITTED"
    cell.due_at = 0
    renaming = _task(scope.plan_node(node)).echo
    if renaming is not None and turn.execution.created.echoes:
        _echo(turn, scope, node, cell, renaming)
        return
    if turn.silent:
        return
    start = _start(turn.execution, scope, node, cell)
    turn.do(start)
    report.attempt(turn, scope, node, cell, AttemptPhase.QUEUED, is_interruptible=start.interruptible)


def _echo(turn: Turn, scope: Scope, node: int, cell: TaskCell, renaming: Renaming) -> None:
    """Do what the attempt of an echo task would; no event tells of it, as it follows from the inputs alone."""
    _let_go(turn, scope, node, cell)
    outputs = echoed(cell.inputs, renaming)
    _publish(turn, scope, node, cell, outputs)
    if scope.is_compact:
        report.attempt(turn, scope, node, cell, AttemptPhase.SUCCEEDED)
    else:
        turn.explain(scope, node, -1, "Echoed", "An echo task: the platform gave its inputs back, and nothing was run.")
    scope.succeeded(turn, node, outputs)


def _waits(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: AttemptWaits) -> None:
    turn.explain(scope, node, cell.attempt, "WaitsForExecutor", event.why)


def _started(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: AttemptStarted) -> None:
    _run(turn, scope, node, cell, event.where, since=event.happened_at)


def _is_news(cell: TaskCell, event: AttemptProgressed) -> bool:
    """True if an executor tells something new. An attempt that runs has begun: a report that it has not is late."""
    if cell.stage == "RUNNING" and event.phase not in ("", "RUNNING"):
        return False
    return progress.known(cell.progress, event) != cell.progress


def _progressed(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: AttemptProgressed) -> None:
    last, cell.progress = cell.progress, progress.known(cell.progress, event)
    since = cell.progress.happened_at
    if event.handle and (last is None or event.handle != last.handle):
        report.job(turn, scope, node, cell)
    if progress.is_start(last, event):
        _run(turn, scope, node, cell, event.why, since=since, event=event)
        return
    phase = AttemptPhase[cell.progress.phase or "QUEUED"]
    report.attempt(turn, scope, node, cell, phase, at=since, progress=event)
    if event.why and (last is None or event.why != last.why):
        turn.explain(scope, node, cell.attempt, _code(phase), event.why)


def _code(phase: AttemptPhase) -> str:
    """The code of the reason that an executor gives in a phase."""
    match phase:
        case AttemptPhase.WAITING_FOR_RESOURCES:
            return "WaitsForResources"
        case AttemptPhase.INITIALIZING:
            return "IsPrepared"
        case AttemptPhase.RUNNING:
            return "ExecutorSays"
        case _:
            return "WaitsForExecutor"


def _run(
    turn: Turn,
    scope: Scope,
    node: int,
    cell: TaskCell,
    where: str,
    *,
    since: int,
    event: AttemptProgressed | None = None,
) -> None:
    """Note that its attempt began to run, perhaps once more."""
    again = cell.stage == "RUNNING"
    cell.stage = "RUNNING"
    timeout_us = scope.plan_node(node).timeout_us
    if timeout_us:
        cell.due_at = turn.at + timeout_us
        turn.do(_timer(scope, node, cell, "timeout", timeout_us))
    is_first = cell.started_at < 0
    if is_first:
        cell.started_at = turn.at
    if turn.silent:
        return
    if is_first:
        report.node_running(turn, scope, node)
    report.attempt(turn, scope, node, cell, AttemptPhase.RUNNING, at=since, progress=event)
    if again:
        text = "The attempt was started again: the platform or its executor had stopped."
        turn.explain(scope, node, cell.attempt, "StartedAgain", text)
    if where:
        turn.explain(scope, node, cell.attempt, "RunsIn", where)


def _succeeded(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: AttemptSucceeded) -> None:
    report.job_over(turn, scope, node, cell)
    _let_go(turn, scope, node, cell)
    if not turn.silent:
        _publish(turn, scope, node, cell, event.outputs)
        report.attempt(turn, scope, node, cell, AttemptPhase.SUCCEEDED, at=event.happened_at, usage=event.usage)
        report.deck(turn, scope, node, cell.attempt, event.deck_uri)
    scope.succeeded(turn, node, event.outputs)


def _expanded(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: GraphReturned) -> None:
    report.job_over(turn, scope, node, cell)
    if scope.is_compact:
        message = "an item of a map task made a graph; put the task into a workflow and map over that"
        _attempt_failed(turn, scope, node, cell, TaskError("GraphInArray", message), usage=event.usage)
        return
    _let_go(turn, scope, node, cell)
    report.attempt(turn, scope, node, cell, AttemptPhase.SUCCEEDED, at=event.happened_at, usage=event.usage)
    report.deck(turn, scope, node, cell.attempt, event.deck_uri)
    _open(turn, scope, node, cell, event.closure_uri)


def _open_again(turn: Turn, scope: Scope, node: int, cell: TaskCell, made: Made) -> None:
    """Go on with the graph that the task made in an earlier execution; the task itself does not run."""
    assert turn.execution.recovery is not None, "there is something to take over"
    cell.attempt = made.attempt
    if scope.plan_node(node).cacheable:
        cell.key = _key(scope, node, cell.inputs)
    report.node_running(turn, scope, node)
    origin = turn.execution.recovery.origin
    turn.explain(scope, node, -1, "GraphRecovered", f"Goes on with the graph that it made in {origin}.")
    _open(turn, scope, node, cell, made.closure_uri)


def _open(turn: Turn, scope: Scope, node: int, cell: TaskCell, closure_uri: str) -> None:
    report.node_expanded(turn, scope, node, closure_uri)
    graph = GraphScope(
        turn.execution.new_scope_id(),
        turn.execution.graphs[closure_uri],
        cell.inputs,
        parent=scope,
        parent_node=node,
        parent_attempt=cell.attempt,
    )
    turn.execution.scopes[graph.id] = graph
    scope.cells[node] = ScopeCell(graph.id, task=cell)
    graph.start(turn)


def _publish(turn: Turn, scope: Scope, node: int, cell: TaskCell, outputs: bytes) -> None:
    """Offer the outputs to later runs of the same task on the same inputs."""
    if cell.key is None:
        return
    cell.cache_status = CacheStatus.POPULATED
    report.cache_status(turn, scope, node, cell)
    if not turn.silent:
        source = _source(turn, scope, node, cell)
        turn.changes.published.append(CacheEntry(cell.key, outputs, source, turn.at))


def _failed(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: AttemptFailed) -> None:
    report.job_over(turn, scope, node, cell)
    report.deck(turn, scope, node, cell.attempt, event.deck_uri)
    _attempt_failed(turn, scope, node, cell, event.error, at=event.happened_at, usage=event.usage)


def _attempt_failed(
    turn: Turn,
    scope: Scope,
    node: int,
    cell: TaskCell,
    error: TaskError,
    *,
    at: int = 0,
    usage: Usage | None = None,
) -> None:
    _let_go(turn, scope, node, cell)
    if error.kind == "SYSTEM":
        cell.spent.system += 1
    else:
        cell.spent.user += 1
    cell.spent.out_of_memory += error.code == OutcomeCode.OUT_OF_MEMORY
    budget = _budget(turn.execution, scope.plan_node(node))
    verdict = after_failure(error, cell.spent, budget)
    if isinstance(verdict, Retry):
        report.attempt(turn, scope, node, cell, AttemptPhase.RETRYABLE_FAILED, error=error, at=at, usage=usage)
        spent, allowed = (
            (cell.spent.system, budget.system_retries)
            if error.kind == "SYSTEM"
            else (cell.spent.user, budget.user_retries)
        )
        text = f"Tries again after {error.code}: {error.kind.lower()} retry {spent} of {allowed}."
        facts = {
            "error": error.code,
            "message": error.message[:_MESSAGE_MAX_CHARS],
            "kind": error.kind,
            "retry": str(spent),
            "of": str(allowed),
        }
        growth = growth_of(_task(scope.plan_node(node)).template, turn.execution.created.memory_growth)
        if growth is not None and error.code == OutcomeCode.OUT_OF_MEMORY:
            times = f"{growth.times(cell.spent.out_of_memory):g}"
            text, facts["memory"] = f"{text} With up to {times} times the memory.", times
        turn.explain(scope, node, cell.attempt, "Retried", text, facts)
        cell.attempt += 1
        cell.progress = None
        if verdict.delay_us == 0:
            _admit(turn, scope, node, cell)
            return
        cell.stage = "BACKING_OFF"
        cell.due_at = turn.at + verdict.delay_us
        turn.do(_timer(scope, node, cell, "retry", verdict.delay_us))
        return
    report.attempt(turn, scope, node, cell, AttemptPhase.FAILED, error=error, at=at, usage=usage)
    scope.failed(turn, node, verdict.error, NodePhase.FAILED)


def _timer_fired(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: TimerFired) -> None:
    if event.kind == "retry":
        _admit(turn, scope, node, cell)
        return
    timeout_s = scope.plan_node(node).timeout_us / 1_000_000
    in_flight = cell.stage in IN_FLIGHT
    if in_flight:
        _cancel(turn, scope, node, cell)
        report.deck(turn, scope, node, cell.attempt, event.deck_uri)
    if event.kind == "timeout":
        error = TaskError(
            "TimeoutExpired", f"the attempt ran longer than its timeout of {timeout_s:g} s", recoverable=True
        )
        _attempt_failed(turn, scope, node, cell, error, usage=event.usage)
        return
    error = _not_done(scope, node)
    _let_go(turn, scope, node, cell)
    if in_flight:
        report.attempt(turn, scope, node, cell, AttemptPhase.FAILED, error=error, usage=event.usage)
    scope.failed(turn, node, error, NodePhase.TIMED_OUT)


def _not_done(scope: Scope, node: int) -> TaskError:
    timeout_s = scope.plan_node(node).timeout_us / 1_000_000
    return TaskError("Timeout", f"the node was not done {2 * timeout_s:g} s (twice its timeout) after it was queued")


def _hit(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: CacheHit) -> None:
    _let_go(turn, scope, node, cell)
    cell.cache_status = CacheStatus.HIT
    report.cache_status(turn, scope, node, cell, source=event.source)
    if scope.is_compact:
        report.attempt(turn, scope, node, cell, AttemptPhase.SUCCEEDED)
    text = f"Taken from the cache: {event.source} made it."
    turn.explain(scope, node, -1, "CacheHit", text, {"source": event.source})
    scope.succeeded(turn, node, event.outputs)


def _missed(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: CacheMissed) -> None:
    cell.cache_status = CacheStatus.LOOKUP_FAILURE if event.failed else CacheStatus.MISS
    report.cache_status(turn, scope, node, cell)
    if event.failed:
        turn.explain(scope, node, -1, "CacheMiss", "The cache could not be asked.")
    elif event.why:
        text = f"Not in the cache. Against the nearest, which {event.nearest} made: {event.why}."
        turn.explain(scope, node, -1, "CacheMiss", text, {"nearest": event.nearest, "why": event.why})
    else:
        turn.explain(scope, node, -1, "CacheMiss", "Nothing in the cache for these inputs.")
    _admit(turn, scope, node, cell)


def _reserved(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: CacheMissed) -> None:
    cell.reserved = event.reserved
    _submit(turn, scope, node, cell)


def _awaited(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: CacheAwaited) -> None:
    places.give_back(turn)
    cell.stage = "AWAITING"
    turn.do(_look_up(turn.execution, scope, node, cell))
    text = f"Waits for {event.holder}, which computes the same."
    turn.explain(scope, node, -1, "WaitsForCache", text, {"holder": event.holder})


def _free(turn: Turn, scope: Scope, node: int, cell: TaskCell, event: Event) -> None:
    """Go on after a wait for another node, which ended without a result."""
    _admit(turn, scope, node, cell)


# `Any`: the event of the table's key.
_Handler: TypeAlias = Callable[[Turn, Scope, int, TaskCell, Any], None]

TRANSITIONS: dict[tuple[Stage, type[Event]], _Handler] = {
    ("LOOKING_UP", CacheHit): _hit,
    ("LOOKING_UP", CacheMissed): _missed,
    ("LOOKING_UP", TimerFired): _timer_fired,
    ("BLOCKED", TimerFired): _timer_fired,
    ("RESERVING", CacheHit): _hit,
    ("RESERVING", CacheMissed): _reserved,
    ("RESERVING", CacheAwaited): _awaited,
    ("RESERVING", TimerFired): _timer_fired,
    ("AWAITING", CacheHit): _hit,
    ("AWAITING", CacheMissed): _free,
    ("AWAITING", TimerFired): _timer_fired,
    ("SUBMITTED", AttemptWaits): _waits,
    ("SUBMITTED", AttemptStarted): _started,
    ("SUBMITTED", AttemptProgressed): _progressed,
    ("SUBMITTED", AttemptSucceeded): _succeeded,
    ("SUBMITTED", GraphReturned): _expanded,
    ("SUBMITTED", AttemptFailed): _failed,
    ("SUBMITTED", TimerFired): _timer_fired,
    ("RUNNING", AttemptStarted): _started,
    ("RUNNING", AttemptProgressed): _progressed,
    ("RUNNING", AttemptSucceeded): _succeeded,
    ("RUNNING", GraphReturned): _expanded,
    ("RUNNING", AttemptFailed): _failed,
    ("RUNNING", TimerFired): _timer_fired,
    ("BACKING_OFF", TimerFired): _timer_fired,
}
"""The effect of each event on a node in each stage. Timers are narrowed further by `_timer_is_due`."""

_TIMER_STAGES: dict[TimerKind, tuple[Stage, ...]] = {
    "retry": ("BACKING_OFF",),
    "timeout": ("RUNNING",),
    "queue_timeout": get_args(Stage),
    "sleep": (),
}


def _timer_is_due(cell: TaskCell, event: TimerFired) -> bool:
    if event.kind != "queue_timeout" and event.attempt != cell.attempt:
        return False
    if event.kind == "timeout" and event.deadline < cell.due_at:
        return False  # that of an earlier start of the attempt
    return cell.stage in _TIMER_STAGES[event.kind]


def _cancel(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> None:
    index = node if scope.is_compact else -1
    turn.do(CancelAttempt(scope.id, node, cell.attempt, scope.node_id(node), index, cell.executor, cell.handle))


def _start(execution: Execution, scope: Scope, node: int, cell: TaskCell) -> StartAttempt:
    plan = scope.plan_node(node)
    return StartAttempt(
        scope=scope.id,
        node=node,
        attempt=cell.attempt,
        node_id=scope.node_id(node),
        index=node if scope.is_compact else -1,
        inputs=cell.inputs,
        interruptible=may_interrupt(
            interruptible=_interruptible(execution, plan), spent=cell.spent, budget=_budget(execution, plan)
        ),
        out_of_memory=cell.spent.out_of_memory,
        checkpoint=taking_over.checkpoint_of(execution, scope, node) if cell.attempt == 0 else "",
        overrides=taking_over.overrides_of(execution, scope, node),
        executor=cell.executor,
        handle=cell.handle,
    )


def _timer(scope: Scope, node: int, cell: TaskCell, kind: TimerKind, after: int) -> SetTimer:
    return SetTimer(scope.id, node, cell.attempt, kind, cell.due_at, after)


def _queue_timer(scope: Scope, node: int, cell: TaskCell) -> SetTimer:
    after = 2 * scope.plan_node(node).timeout_us
    return SetTimer(scope.id, node, cell.attempt, "queue_timeout", cell.queued_at + after, after)


def _interruptible(execution: Execution, plan: PlanNode) -> bool:
    if execution.created.interruptible is not None:
        return execution.created.interruptible
    return execution.plan.interruptible if plan.interruptible is None else plan.interruptible


def _budget(execution: Execution, plan: PlanNode) -> Budget:
    return Budget(user_retries=plan.retries, system_retries=execution.created.system_retries)


def _look_up(execution: Execution, scope: Scope, node: int, cell: TaskCell) -> LookUpCache:
    assert cell.key is not None, "what is looked up has a key"
    holder = _holder(execution, scope, node) if cell.stage in ("RESERVING", "AWAITING") else ""
    return LookUpCache(scope.id, node, cell.key, holder, wait=cell.stage == "AWAITING")


def _must_reserve(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> bool:
    if cell.key is None or turn.execution.created.overwrite_cache:
        return False
    plan = scope.plan_node(node)
    metadata = plan.node.metadata if plan.node is not None else None
    return is_cache_serializable(_task(plan).template, overrides=metadata)


def _holder(execution: Execution, scope: Scope, node: int) -> str:
    item = f"[{node}]" if scope.is_compact else ""
    return f"{execution.created.execution}/{scope.node_id(node)}{item}"


def _source(turn: Turn, scope: Scope, node: int, cell: TaskCell) -> str:
    return f"{_holder(turn.execution, scope, node)}/{cell.attempt}"


def _key(scope: Scope, node: int, inputs: bytes) -> CacheKey:
    plan = scope.plan_node(node)
    metadata = plan.node.metadata if plan.node is not None else None
    return cache_key(_task(plan).template, scope.own_inputs(node, inputs), overrides=metadata)


def _task(plan: PlanNode) -> PlanTask:
    assert plan.task is not None, f"task node {plan.id} has no task"
    return plan.task
