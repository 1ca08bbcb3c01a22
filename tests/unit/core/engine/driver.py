"""An execution under test: answers its actions by hand, and remembers the rows as a store would merge them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from flyteidl.core import compiler_pb2, literals_pb2
from tests.graphs import integer, literal_map

from alula.core.engine.actions import (
    AbortChild,
    Action,
    CancelAttempt,
    LaunchChild,
    LoadValue,
    LookUpCache,
    SetTimer,
    StartAttempt,
)
from alula.core.engine.attempt_info import ProgressPhase
from alula.core.engine.events import (
    AbortRequested,
    AttemptFailed,
    AttemptProgressed,
    AttemptSucceeded,
    CacheAwaited,
    CacheHit,
    CacheMissed,
    ChildEnded,
    Created,
    Event,
    GraphReturned,
    PlatformFailed,
    SignalSet,
    TimerFired,
    ValueLoaded,
    decode,
    encode,
)
from alula.core.engine.inventory import take_inventory
from alula.core.engine.plan import Plan, make_plan
from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheEntry,
    Changes,
    ExecutionChange,
    ItemRecord,
    JobRecord,
    NodePhase,
    NodeRecord,
    Reason,
    Released,
    SignalRecord,
)
from alula.core.engine.recovery import Recovery
from alula.core.engine.recovery import decode as recovery_decode
from alula.core.engine.recovery import encode as recovery_encode
from alula.core.engine.state import Execution
from alula.core.engine.step import accepts, fold, outstanding, start, step
from alula.core.errors import TaskError
from alula.core.literals.offloading import OffloadRule

Row = TypeVar("Row", NodeRecord, AttemptRecord)


class Driver:
    """`node` in its methods is a node id, or `id[3]` for an item."""

    def __init__(
        self,
        closure: compiler_pb2.CompiledWorkflowClosure,
        *,
        max_parallelism: int = 0,
        overwrite_cache: bool = False,
        system_retries: int = 3,
        execution: str = "p/d/first",
        offload: OffloadRule | None = None,
        recovery: Recovery | None = None,
        graphs: Mapping[str, Plan] | None = None,
        echoes: bool = True,
        given: Mapping[str, literals_pb2.Literal] | None = None,
        **inputs: literals_pb2.Literal,
    ) -> None:
        """A run of the workflow with its inputs, by name or `given` together."""
        self.plan = make_plan(closure)
        created = Created(
            at=0,
            workflow=self.plan.workflow,
            inputs=literal_map(**(given or {}), **inputs),
            max_parallelism=max_parallelism,
            overwrite_cache=overwrite_cache,
            system_retries=system_retries,
            execution=execution,
            offload=offload,
            echoes=echoes,
        )
        self._recovery = recovery
        self.now = 0
        self.log: list[Event] = [created]
        self.nodes: dict[str, NodeRecord] = {}
        self.items: dict[tuple[str, int], ItemRecord] = {}
        self.attempts: dict[tuple[str, int], AttemptPhase] = {}
        self.attempt_rows: dict[tuple[str, int], AttemptRecord] = {}
        self.reasons: list[Reason] = []
        self.jobs: list[JobRecord] = []
        self.published: list[CacheEntry] = []
        self.released: list[Released] = []
        self.result: ExecutionChange | None = None
        self.history: list[Action] = []
        self.cancelled: list[str] = []
        self.waiting: dict[str, StartAttempt] = {}
        self.lookups: dict[str, LookUpCache] = {}
        self.timers: list[SetTimer] = []
        self.children: dict[str, LaunchChild] = {}
        self.aborted_children: list[str] = []
        self.signals: list[SignalRecord] = []
        self.objects: dict[str, literals_pb2.Literal] = {}
        """Values that were put aside, by URI."""
        self.loads: list[str] = []
        """Those that nodes wait for."""
        self.state, actions, changes = start(self.plan, created, graphs, recovery)
        self._take(actions, changes)

    def apply(self, event: Event) -> None:
        self.log.append(event)
        actions, changes = step(self.state, event)
        self._take(actions, changes)

    def started(self, node: str) -> None:
        self.report(node, "RUNNING", "here", happened_at=self.now)

    def report(self, node: str, phase: ProgressPhase, why: str = "", **more: Any) -> None:
        """An executor tells how it is with an attempt."""
        action = self.waiting[node]
        self.apply(AttemptProgressed(self.now, action.scope, action.node, action.attempt, phase, why, **more))

    def succeed(self, node: str, value: int = 0, **outputs: literals_pb2.Literal) -> None:
        action = self.waiting.pop(node)
        data = literal_map(**(outputs or {"o0": integer(value)}))
        self.apply(AttemptSucceeded(self.now, action.scope, action.node, action.attempt, data))

    def expand(self, node: str, closure: compiler_pb2.CompiledWorkflowClosure) -> None:
        """A dynamic task gives a graph."""
        action = self.waiting.pop(node)
        self.state.graphs["graph"] = make_plan(closure)
        self.apply(GraphReturned(self.now, action.scope, action.node, action.attempt, "graph"))

    def answer(self, signal: str, value: literals_pb2.Literal) -> None:
        self.apply(SignalSet(self.now, signal, value.SerializeToString(), "somebody"))

    def child_ended(self, node: str, value: int, output: str = "y") -> None:
        """The execution that a launch plan node started succeeds."""
        data = literal_map(**{output: integer(value)})
        self.apply(ChildEnded(self.now, self.children[node].child, data))

    def fail(self, node: str, *, kind: str = "USER", recoverable: bool = False, code: str = "Boom") -> None:
        action = self.waiting.pop(node)
        error = TaskError(code, f"{node} broke", kind, recoverable)  # pyright: ignore[reportArgumentType]
        self.apply(AttemptFailed(self.now, action.scope, action.node, action.attempt, error))

    def load(self, *, error: TaskError | None = None) -> None:
        """The oldest value that is waited for is there, or can't be."""
        uri = self.loads.pop(0)
        if error is None:
            self.state.arrived[uri] = self.objects[uri]
        self.apply(ValueLoaded(self.now, uri, error))

    def miss(self, node: str, *, why: str = "") -> None:
        """Nothing is in the cache; reserved, where that was asked for."""
        action = self.lookups.pop(node)
        reserved = bool(action.holder) and not action.wait
        self.apply(CacheMissed(self.now, action.scope, action.node, why=why, nearest="other/n0/0", reserved=reserved))

    def wait_for(self, node: str, holder: str) -> None:
        """Somebody else computes the same."""
        action = self.lookups.pop(node)
        self.apply(CacheAwaited(self.now, action.scope, action.node, holder))

    def hit(self, node: str, value: int) -> None:
        action = self.lookups.pop(node)
        self.apply(CacheHit(self.now, action.scope, action.node, literal_map(o0=integer(value)), "other/n0/0"))

    def abort(self, cause: str = "enough") -> None:
        self.apply(AbortRequested(self.now, cause, "somebody"))

    def give_up(self, why: str) -> None:
        self.apply(PlatformFailed(self.now, TaskError("Internal", why, "SYSTEM")))

    def advance(self, seconds: float) -> None:
        """Let time pass and the timers fire that still mean something."""
        self.now += int(seconds * 1_000_000)
        due = [timer for timer in self.timers if timer.at <= self.now]
        self.timers = [timer for timer in self.timers if timer.at > self.now]
        for timer in due:
            fired = TimerFired(self.now, timer.scope, timer.node, timer.attempt, timer.kind)
            if accepts(self.state, fired):
                self.apply(fired)

    def phase(self, node: str) -> NodePhase:
        return self.nodes[node].phase

    def codes(self, node: str) -> list[str]:
        """Why-codes of a node, in order."""
        return [reason.code for reason in self.reasons if reason.node_id == node]

    def inputs_of(self, node: str) -> dict[str, literals_pb2.Literal]:
        return dict(literals_pb2.LiteralMap.FromString(self.waiting[node].inputs).literals)

    def outputs(self) -> dict[str, literals_pb2.Literal]:
        assert self.result is not None and self.result.outputs is not None
        return dict(literals_pb2.LiteralMap.FromString(self.result.outputs).literals)

    def replayed(self) -> Execution:
        """The state that the log alone leads to, through its stored form."""
        log = [decode(encode(event)) for event in self.log]
        return fold(self.plan, log, self.state.graphs, self._recovery, self.objects)

    def inventory(self) -> Recovery:
        """What another execution may take over from this one, through its stored form."""
        taken = take_inventory(
            self.plan,
            self.log,
            checkpoint=lambda node_id, index, attempt: f"{node_id}[{index}]/{attempt}",
            graphs=self.state.graphs,
            recovery=self._recovery,
            loaded=self.objects,
        )
        return recovery_decode(recovery_encode(taken))

    def recovered(
        self,
        closure: compiler_pb2.CompiledWorkflowClosure,
        *,
        given: Mapping[str, literals_pb2.Literal] | None = None,
        **rules: Any,
    ) -> Driver:
        """A second execution that takes over what it can from this one, by other `rules` and with other inputs."""
        created = self.log[0]
        assert isinstance(created, Created), "a log begins with Created"
        inputs = literals_pb2.LiteralMap.FromString(created.inputs).literals
        recovery = msgspec.structs.replace(self.inventory(), **rules)
        second = Driver(
            closure,
            execution="p/d/second",
            offload=created.offload,
            recovery=recovery,
            graphs=self.state.graphs,
            given={**inputs, **(given or {})},
        )
        second.objects.update(self.objects)
        return second

    def assert_replays(self) -> None:
        """After a crash the log gives the same state, and asks for what was in flight."""
        again = self.replayed()
        assert again.phase == self.state.phase
        assert list(outstanding(again)) == list(outstanding(self.state))

    def _take(self, actions: list[Action], changes: Changes) -> None:
        self.history.extend(actions)
        for action in actions:
            match action:
                case StartAttempt():
                    self.waiting[_name(action)] = action
                case CancelAttempt():
                    self.waiting.pop(_name(action), None)
                    self.cancelled.append(_name(action))
                case LaunchChild():
                    self.children[action.node_id] = action
                case AbortChild():
                    self.aborted_children.append(action.child)
                case LoadValue():
                    self.loads.append(action.uri)
                case LookUpCache():
                    scope = self.state.scopes[action.scope]
                    index = f"[{action.node}]" if scope.is_compact else ""
                    self.lookups[scope.node_id(action.node) + index] = action
                case SetTimer():
                    self.timers.append(action)
                case _:
                    pass
        self._merge(changes)

    def _merge(self, changes: Changes) -> None:
        self.result = changes.execution or self.result
        for aside in changes.asides:
            self.objects[aside.uri] = literals_pb2.Literal.FromString(aside.data)
        self.reasons.extend(changes.reasons)
        self.jobs.extend(changes.jobs)
        self.signals.extend(changes.signals)
        self.published.extend(changes.published)
        self.released.extend(changes.released)
        for record in changes.nodes:
            self.nodes[record.node_id] = _over(self.nodes.get(record.node_id), record)
        for item in changes.items:
            self.items[item.node_id, item.index] = item
        for attempt in changes.attempts:
            key = attempt.node_id, attempt.attempt
            self.attempts[key] = attempt.phase
            self.attempt_rows[key] = _over(self.attempt_rows.get(key), attempt)


def _name(action: StartAttempt | CancelAttempt) -> str:
    return f"{action.node_id}[{action.index}]" if action.index >= 0 else action.node_id


def _over(old: Row | None, new: Row) -> Row:
    for field in new.__struct_fields__:
        if old is not None and getattr(new, field) is None:
            setattr(new, field, getattr(old, field))
    return new
