"""The engine's shell for a local run: one process, one attempt at a time, the log in memory.

The same engine as on the platform decides; here its actions are done at once, in order. A retry's back-off is
waited for; a timeout interrupts the attempt, or the asking at a gate, where the system has interval timers (the main
thread on Unix).
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from flyteidl.core.literals_pb2 import Literal

from alula.core.engine.actions import (
    AbortChild,
    Action,
    CancelAttempt,
    Finish,
    LaunchChild,
    LoadValue,
    LookUpCache,
    SetTimer,
    StartAttempt,
)
from alula.core.engine.cells import GateCell, ScopeCell
from alula.core.engine.events import (
    AbortRequested,
    AttemptFailed,
    AttemptProgressed,
    AttemptSucceeded,
    CacheHit,
    CacheMissed,
    ChildEnded,
    Created,
    Event,
    GraphReturned,
    SignalSet,
    TimerFired,
)
from alula.core.engine.plan import GateRule, Plan, PlanNode
from alula.core.engine.records import CacheEntry, Changes, ExecutionChange
from alula.core.engine.step import accepts, offer, start
from alula.core.errors import AlulaError, TaskError
from alula.core.policy.cache_key import CacheKey
from alula.sdk.local.timing import TimedOut, limit, now_us

Observe = Callable[[Changes], None]


class Succeeded(msgspec.Struct, frozen=True):
    """Outputs of an attempt, a serialized `core.LiteralMap`, and its deck."""

    outputs: bytes
    deck_uri: str = ""


class Expanded(msgspec.Struct, frozen=True):
    """A dynamic task gave a graph instead of outputs."""

    plan: Plan
    closure_uri: str
    deck_uri: str = ""


class LocalCache(Protocol):
    def get(self, key: CacheKey) -> CacheEntry | None: ...

    def put(self, entry: CacheEntry) -> None: ...


RunAttempt = Callable[[StartAttempt, PlanNode, Path], Succeeded | Expanded | TaskError]
"""Runs one attempt of the run that has this folder in this process, and says how it ended. Exceptions of user code are
its business."""
ChildOf = Callable[[LaunchChild], tuple[Plan, bytes]]
"""The plan and the inputs of what a launch plan node starts."""
AskGate = Callable[[GateRule, bytes], Literal]
"""Answers a gate with these inputs, a serialized `core.LiteralMap`."""


class Means(NamedTuple):
    """What runs share with the runs that their launch plan nodes start, but for the folder of their files."""

    folder: Path
    run_attempt: RunAttempt
    child_of: ChildOf
    ask: AskGate
    """What it raises aborts the run."""
    cache: LocalCache
    observe: Observe
    """Told of every change as it happens."""
    overwrite_cache: bool

    def of_child(self, name: str) -> Means:
        """The same for a run that this one starts: nodes of both may have one id."""
        return self._replace(folder=self.folder / name)


class Shell:
    """One run of a workflow.

    Args:
        plan: of the workflow.
        inputs: serialized `core.LiteralMap`.
        means: how its actions are done.
    """

    def __init__(self, plan: Plan, inputs: bytes, means: Means) -> None:
        self._means = means
        self._todo: deque[Action] = deque()
        self._timers: list[tuple[int, int, SetTimer]] = []
        self._timers_set = 0
        self._result: ExecutionChange | None = None
        created = Created(now_us(), plan.workflow, inputs, overwrite_cache=means.overwrite_cache, echoes=True)
        self._execution, actions, changes = start(plan, created)
        self._take(actions, changes)

    def run(self) -> ExecutionChange:
        """Run it to its end. Returns the last change of the execution: its phase, and outputs or error.

        Ctrl-C aborts the run and is raised.
        """
        try:
            while not self._execution.phase.is_terminal:
                self._go_on()
        except KeyboardInterrupt:
            self._apply(AbortRequested(now_us(), "interrupted", "local"))
            raise
        except AlulaError as error:
            self._apply(AbortRequested(now_us(), str(error), "local"))
            raise
        assert self._result is not None
        return self._result

    def _go_on(self) -> None:
        if self._todo:
            self._do(self._todo.popleft())
        elif self._execution.gates:
            self._answer()
        else:
            self._wait()

    def _apply(self, event: Event) -> None:
        if (stepped := offer(self._execution, event)) is not None:
            self._take(*stepped)

    def _take(self, actions: list[Action], changes: Changes) -> None:
        self._todo.extend(actions)
        for entry in changes.published:
            self._means.cache.put(entry)
        self._result = changes.execution or self._result
        self._means.observe(changes)

    def _do(self, action: Action) -> None:
        match action:
            case StartAttempt():
                self._attempt(action)
            case LookUpCache():
                entry = self._means.cache.get(action.key)
                if entry is None:
                    reserved = bool(action.holder) and not action.wait
                    self._apply(CacheMissed(now_us(), action.scope, action.node, reserved=reserved))
                else:
                    self._apply(CacheHit(now_us(), action.scope, action.node, entry.outputs, entry.source))
            case SetTimer():
                self._timers_set += 1
                heapq.heappush(self._timers, (action.at, self._timers_set, action))
            case LaunchChild():
                plan, inputs = self._means.child_of(action)
                self._child_ended(action.child, Shell(plan, inputs, self._means.of_child(action.child)).run())
            case CancelAttempt() | AbortChild() | Finish():
                pass
            case LoadValue():
                raise AssertionError("a local run puts no values aside")

    def _child_ended(self, child: str, ended: ExecutionChange) -> None:
        self._apply(ChildEnded(now_us(), child, b"" if ended.error else ended.outputs or b"", ended.error))

    def _attempt(self, action: StartAttempt) -> None:
        began_at = now_us()
        plan = self._began(action)
        if plan is None:
            return
        try:
            with limit(plan.timeout_us):
                outcome = self._means.run_attempt(action, plan, self._means.folder)
        except TimedOut:
            at = max(now_us(), began_at + plan.timeout_us)
            self._apply(TimerFired(at, action.scope, action.node, action.attempt, "timeout"))
            return
        self._ended(action, outcome)

    def _began(self, action: StartAttempt) -> PlanNode | None:
        """Tell the engine that an attempt runs; None if nobody wants it any more."""
        plan = self._plan_of(action)
        if plan is not None:
            self._apply(_running(action))
        return plan

    def _plan_of(self, action: StartAttempt) -> PlanNode | None:
        """The node of an attempt that has not begun; None if nobody wants it any more."""
        if not accepts(self._execution, _running(action)):
            return None
        return self._execution.scopes[action.scope].plan_node(action.node)

    def _ended(self, action: StartAttempt, outcome: Succeeded | Expanded | TaskError) -> None:
        place = now_us(), action.scope, action.node, action.attempt
        if isinstance(outcome, TaskError):
            self._apply(AttemptFailed(*place, outcome))
        elif isinstance(outcome, Expanded):
            self._execution.graphs[outcome.closure_uri] = outcome.plan
            self._apply(GraphReturned(*place, outcome.closure_uri, outcome.deck_uri))
        else:
            self._apply(AttemptSucceeded(*place, outcome.outputs, outcome.deck_uri))

    def _answer(self) -> None:
        """Ask for a signal when there is nothing else to do: of the gates that wait, the first of the workflow.

        Its timeout counts from here. It could not be answered before, while this process ran tasks.
        """
        waiting = (place for places in self._execution.gates.values() for place in places)
        scope_id, node = min(waiting, key=self._position)
        scope = self._execution.scopes[scope_id]
        plan, cell = scope.plan_node(node), scope.cells[node]
        assert plan.gate is not None and isinstance(cell, GateCell), "only gates wait for signals"
        now = now_us()
        ends = self._ends_around()
        if plan.timeout_us:
            ends.append(TimerFired(now + plan.timeout_us, scope_id, node, 0, "timeout"))
        end = min(ends, key=lambda fired: fired.at, default=None)
        if end is None:
            value = self._means.ask(plan.gate, cell.inputs)
        elif (value := self._ask_until(end.at, plan.gate, cell.inputs)) is None:
            self._apply(msgspec.structs.replace(end, at=max(end.at, now_us())))
            return
        self._apply(SignalSet(now_us(), plan.gate.signal_id, value.SerializeToString(deterministic=True)))

    def _ask_until(self, at: int, rule: GateRule, inputs: bytes) -> Literal | None:
        """The answer; None if it did not come in time."""
        now = now_us()
        if at <= now:
            return None
        try:
            with limit(at - now):
                value = self._means.ask(rule, inputs)
        except TimedOut:
            return None
        return value if now_us() < at else None

    def _ends_around(self) -> list[TimerFired]:
        """Timeouts of the nodes around gates. Those of other gates don't count: they have not been asked yet."""
        scopes = self._execution.scopes
        timers = (timer for _, _, timer in self._timers if timer.kind == "timeout" and timer.scope in scopes)
        return [_fired(timer) for timer in timers if isinstance(scopes[timer.scope].cells.get(timer.node), ScopeCell)]

    def _position(self, place: tuple[int, int]) -> list[int]:
        """The position of a node in the workflow: its place in its graph, after those of the nodes around it."""
        scope_id, node = place
        scope = self._execution.scopes[scope_id]
        path = [node]
        while scope.parent is not None:
            path.append(scope.parent_node)
            scope = scope.parent
        return path[::-1]

    def _wait(self) -> None:
        _, _, timer = heapq.heappop(self._timers)
        if accepts(self._execution, _fired(timer)):
            time.sleep(max(0.0, (timer.at - now_us()) / 1_000_000))
            self._fire(timer)

    def _fire(self, timer: SetTimer) -> None:
        self._apply(_fired(timer, at=max(timer.at, now_us())))


def _running(action: StartAttempt) -> AttemptProgressed:
    return AttemptProgressed(now_us(), action.scope, action.node, action.attempt, "RUNNING")


def _fired(timer: SetTimer, *, at: int = 0) -> TimerFired:
    return TimerFired(at or timer.at, timer.scope, timer.node, timer.attempt, timer.kind)
