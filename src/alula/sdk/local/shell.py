"""The engine's shell for a local run: one process, one attempt at a time, the log in memory.

The same engine as on the platform decides; here its actions are done at once, in order. A retry's back-off is
waited for; a timeout interrupts the attempt, or the asking at a gate, where the system has interval timers (the main
thread on Unix).
"""

from __future__ import annotations

import heapq
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NoReturn, Protocol

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
from alula.core.engine.step import accepts, start, step
from alula.core.errors import AlulaError, TaskError
from alula.core.policy.cache_key import CacheKey
from alula.sdk.runtime.failure import StoppedFromOutside

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


RunAttempt = Callable[[StartAttempt, PlanNode], Succeeded | Expanded | TaskError]
"""Runs one attempt in this process and says how it ended. Exceptions of user code are its business."""
RunChild = Callable[[LaunchChild], Succeeded | TaskError]
"""Runs the child that a launch plan node starts, to its end."""


AskGate = Callable[[GateRule, bytes], Literal]
"""Answers a gate with these inputs, a serialized `core.LiteralMap`."""


class _TimedOut(StoppedFromOutside):
    """Raised into user code, or into the asking at a gate, by the interval timer; not an Exception, so that user code
    does not catch it."""


def run_plan(
    plan: Plan,
    inputs: bytes,
    *,
    run_attempt: RunAttempt,
    run_child: RunChild,
    ask: AskGate,
    cache: LocalCache,
    observe: Observe,
    overwrite_cache: bool,
) -> ExecutionChange:
    """Run a workflow to its end.

    Args:
        inputs: serialized `core.LiteralMap`.
        run_attempt: runs one attempt of a task node.
        run_child: runs what a launch plan node starts.
        ask: answers a gate; what it raises aborts the run.
        observe: told of every change as it happens.

    Returns the last change of the execution: its phase, and outputs or error. Ctrl-C aborts the run and is raised.
    """
    return _Shell(plan, inputs, run_attempt, run_child, ask, cache, observe, overwrite_cache).run()


class _Shell:
    def __init__(
        self,
        plan: Plan,
        inputs: bytes,
        run_attempt: RunAttempt,
        run_child: RunChild,
        ask: AskGate,
        cache: LocalCache,
        observe: Observe,
        overwrite_cache: bool,
    ) -> None:
        self._run_attempt = run_attempt
        self._run_child = run_child
        self._ask = ask
        self._cache = cache
        self._observe = observe
        self._todo: deque[Action] = deque()
        self._timers: list[tuple[int, int, SetTimer]] = []
        self._timers_set = 0
        self._result: ExecutionChange | None = None
        created = Created(_now_us(), plan.workflow, inputs, overwrite_cache=overwrite_cache, echoes=True)
        self._execution, actions, changes = start(plan, created)
        self._take(actions, changes)

    def run(self) -> ExecutionChange:
        try:
            while not self._execution.phase.is_terminal:
                if self._todo:
                    self._do(self._todo.popleft())
                elif self._execution.gates:
                    self._answer()
                else:
                    self._wait()
        except KeyboardInterrupt:
            self._apply(AbortRequested(_now_us(), "interrupted", "local"))
            raise
        except AlulaError as error:
            self._apply(AbortRequested(_now_us(), str(error), "local"))
            raise
        assert self._result is not None
        return self._result

    def _apply(self, event: Event) -> None:
        if accepts(self._execution, event):
            self._take(*step(self._execution, event))

    def _take(self, actions: list[Action], changes: Changes) -> None:
        self._todo.extend(actions)
        for entry in changes.published:
            self._cache.put(entry)
        self._result = changes.execution or self._result
        self._observe(changes)

    def _do(self, action: Action) -> None:
        match action:
            case StartAttempt():
                self._attempt(action)
            case LookUpCache():
                entry = self._cache.get(action.key)
                if entry is None:
                    self._apply(CacheMissed(_now_us(), action.scope, action.node, reserved=bool(action.holder)))
                else:
                    self._apply(CacheHit(_now_us(), action.scope, action.node, entry.outputs, entry.source))
            case SetTimer():
                self._timers_set += 1
                heapq.heappush(self._timers, (action.at, self._timers_set, action))
            case LaunchChild():
                outcome = self._run_child(action)
                ended = (
                    ChildEnded(_now_us(), action.child, error=outcome)
                    if isinstance(outcome, TaskError)
                    else ChildEnded(_now_us(), action.child, outcome.outputs)
                )
                self._apply(ended)
            case CancelAttempt() | AbortChild() | Finish():
                pass
            case LoadValue():
                raise AssertionError("a local run puts no values aside")

    def _attempt(self, action: StartAttempt) -> None:
        started = AttemptProgressed(_now_us(), action.scope, action.node, action.attempt, "RUNNING")
        if not accepts(self._execution, started):
            return
        plan = self._execution.scopes[action.scope].plan_node(action.node)
        self._apply(started)
        try:
            with _limit(plan.timeout_us):
                outcome = self._run_attempt(action, plan)
        except _TimedOut:
            at = max(_now_us(), started.at + plan.timeout_us)
            self._apply(TimerFired(at, action.scope, action.node, action.attempt, "timeout"))
            return
        if isinstance(outcome, TaskError):
            failed = AttemptFailed(_now_us(), action.scope, action.node, action.attempt, outcome)
            self._apply(failed)
            return
        if isinstance(outcome, Expanded):
            self._execution.graphs[outcome.closure_uri] = outcome.plan
            self._apply(
                GraphReturned(
                    _now_us(), action.scope, action.node, action.attempt, outcome.closure_uri, outcome.deck_uri
                )
            )
            return
        succeeded = AttemptSucceeded(
            _now_us(), action.scope, action.node, action.attempt, outcome.outputs, outcome.deck_uri
        )
        self._apply(succeeded)

    def _answer(self) -> None:
        """Ask for a signal when there is nothing else to do: of the gates that wait, the first of the workflow.

        Its timeout counts from here. It could not be answered before, while this process ran tasks.
        """
        waiting = (place for places in self._execution.gates.values() for place in places)
        scope_id, node = min(waiting, key=self._position)
        scope = self._execution.scopes[scope_id]
        plan, cell = scope.plan_node(node), scope.cells[node]
        assert plan.gate is not None and isinstance(cell, GateCell), "only gates wait for signals"
        now = _now_us()
        ends = self._ends_around()
        if plan.timeout_us:
            ends.append(TimerFired(now + plan.timeout_us, scope_id, node, 0, "timeout"))
        end = min(ends, key=lambda fired: fired.at, default=None)
        if end is None:
            value = self._ask(plan.gate, cell.inputs)
        elif (value := self._ask_until(end.at, plan.gate, cell.inputs)) is None:
            self._apply(msgspec.structs.replace(end, at=max(end.at, _now_us())))
            return
        self._apply(SignalSet(_now_us(), plan.gate.signal_id, value.SerializeToString(deterministic=True)))

    def _ask_until(self, at: int, rule: GateRule, inputs: bytes) -> Literal | None:
        """The answer; None if it did not come in time."""
        now = _now_us()
        if at <= now:
            return None
        try:
            with _limit(at - now):
                value = self._ask(rule, inputs)
        except _TimedOut:
            return None
        return value if _now_us() < at else None

    def _ends_around(self) -> list[TimerFired]:
        """Timeouts of the nodes around gates. Those of other gates don't count: they have not been asked yet."""
        scopes = self._execution.scopes
        timers = (timer for _, _, timer in self._timers if timer.kind == "timeout" and timer.scope in scopes)
        return [
            TimerFired(timer.at, timer.scope, timer.node, timer.attempt, timer.kind)
            for timer in timers
            if isinstance(scopes[timer.scope].cells.get(timer.node), ScopeCell)
        ]

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
        at, _, timer = heapq.heappop(self._timers)
        fired = TimerFired(at, timer.scope, timer.node, timer.attempt, timer.kind)
        if accepts(self._execution, fired):
            time.sleep(max(0.0, (at - _now_us()) / 1_000_000))
            self._apply(msgspec.structs.replace(fired, at=max(at, _now_us())))


@contextmanager
def _limit(timeout_us: int) -> Generator[None]:
    if not timeout_us or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise_timed_out)
    signal.setitimer(signal.ITIMER_REAL, timeout_us / 1_000_000)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise_timed_out(_signal: int, _frame: object) -> NoReturn:
    raise _TimedOut


_EPOCH_NS = time.time_ns() - time.monotonic_ns()
"""The start of the monotonic clock in nanoseconds since the epoch, by the wall clock when this process began: later
changes of the wall clock move no deadline of a local run."""


def _now_us() -> int:
    return (_EPOCH_NS + time.monotonic_ns()) // 1_000
