"""Looks on while the engine runs, and notes each transition that it makes. Changes nothing: it is a tracer.

It sees the calls of the machines' and scopes' own methods, as `step` and the scopes make them, and looks at where a
node, scope or execution stands when the call begins and when it returns.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, TypeAlias

from alula.core.engine import step as engine
from alula.core.engine.cells import ChildCell, GateCell, ScopeCell, TaskCell
from alula.core.engine.events import (
    AbortRequested,
    AttemptProgressed,
    Claimed,
    Created,
    PlatformFailed,
    TimerFired,
)
from alula.core.engine.graph import GraphScope
from alula.core.engine.machines import MACHINES
from alula.core.engine.machines.array import ArrayScope
from alula.core.engine.machines.branch import BranchScope
from alula.core.engine.machines.gate import GateMachine
from alula.core.engine.records import NodePhase
from alula.core.engine.state import Turn

Transition: TypeAlias = tuple[str, str, str, str]
"""Machine, where it stood, what came, where it stands."""

# `Any`: the local names of whatever call is watched.
Names = dict[str, Any]
Watch = Callable[[Names], Callable[[], Transition]]
"""Called when a call begins; what it gives is called when that has returned."""

SCOPES = {GraphScope: "graph scope", ArrayScope: "array scope", BranchScope: "branch scope"}


@dataclass(eq=False)
class _WatchedScope:
    scope: Any
    ended: str = ""
    """How it has ended, once it has."""


class Recorder:
    def __init__(self) -> None:
        self.seen: Counter[Transition] = Counter()
        self._watched: list[_WatchedScope] = []
        """Scopes of which a call is under way, the innermost last."""
        self._watches: dict[CodeType, Watch] = dict(self._all_watches())
        self._end_scope = Turn.end_scope.__code__

    @contextmanager
    def looking_on(self) -> Iterator[None]:
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(None)

    def _called(self, frame: FrameType, _event: str, _value: object) -> Callable[..., None] | None:
        if frame.f_code is self._end_scope:
            self._note_end(frame.f_locals)
            return None
        watch = self._watches.get(frame.f_code)
        if watch is None:
            return None
        frame.f_trace_lines = False
        finish = watch(dict(frame.f_locals))

        def returned(_frame: FrameType, event: str, _value: object) -> None:
            if event == "return":
                self.seen[finish()] += 1

        return returned

    def _note_end(self, names: Names) -> None:
        for watched in self._watched:
            if watched.scope is names["scope"]:
                watched.ended = "failed" if names["error"] is not None else "succeeded"

    def _all_watches(self) -> Iterator[tuple[CodeType, Watch]]:
        for machine in {type(machine) for machine in MACHINES.values()}:
            yield machine.begin.__code__, _node_watch(lambda _: "begin", before=lambda _: "-")
            yield machine.on_event.__code__, _node_watch(lambda names: name_of(names["event"]))
            yield machine.on_place.__code__, _node_watch(lambda _: "place")
            yield machine.on_scope_end.__code__, _node_watch(_scope_end)
            yield machine.abort.__code__, _node_watch(lambda _: "abort", after=lambda _: "ABORTED")
        yield GateMachine._answered_before.__code__, _node_watch(lambda _: "answered before")
        for scope in SCOPES:
            yield scope.succeeded.__code__, self._scope_watch("node succeeded")
            yield scope.failed.__code__, self._scope_watch("node failed")
            yield scope.abort.__code__, self._scope_watch("abort", after="aborted")
        for scope in (GraphScope, ArrayScope):
            yield scope.start.__code__, self._scope_watch("start", before="-")
        yield engine._start.__code__, _execution_watch
        yield engine._apply.__code__, _execution_watch

    def _scope_watch(self, comes: str, *, before: str = "", after: str = "") -> Watch:
        def watch(names: Names) -> Callable[[], Transition]:
            scope = names["self"]
            stood = before or _scope_standing(scope)
            watched = _WatchedScope(scope)
            self._watched.append(watched)

            def finish() -> Transition:
                self._watched.remove(watched)
                return SCOPES[type(scope)], stood, comes, after or watched.ended or _scope_standing(scope)

            return finish

        return watch


def _node_watch(
    comes: Callable[[Names], str],
    *,
    before: Callable[[Names], str] | None = None,
    after: Callable[[Names], str] | None = None,
) -> Watch:
    def watch(names: Names) -> Callable[[], Transition]:
        kind = names["scope"].plan_node(names["node"]).kind
        stood = before(names) if before is not None else _standing(names)
        what = comes(names)
        return lambda: (kind, stood, what, after(names) if after is not None else _standing(names))

    return watch


def _execution_watch(names: Names) -> Callable[[], Transition]:
    execution, event = names["turn"].execution, names.get("event")
    stood = execution.phase.name if event is not None else "-"
    match event:
        case None | Created():
            comes = "Created"
        case Claimed() | AbortRequested() | PlatformFailed():
            comes = type(event).__name__
        case _:
            comes = "news of a node"
    return lambda: ("execution", stood, comes, execution.phase.name)


def name_of(event: object) -> str:
    name = type(event).__name__
    if isinstance(event, AttemptProgressed):
        return f"{name} {event.phase}".rstrip()
    return f"{name} {event.kind}" if isinstance(event, TimerFired) else name


def _scope_end(names: Names) -> str:
    return "scope failed" if names["ended"].error is not None else "scope succeeded"


def _standing(names: Names) -> str:
    """Where a node stands: by its cell while it is in flight, else by its phase."""
    scope, node = names["scope"], names["node"]
    match scope.cells.get(node):
        case TaskCell() as cell:
            return cell.stage
        case ScopeCell() as cell:
            return "graph" if cell.task is not None else "open"
        case GateCell():
            return scope.plan_node(node).gate.kind
        case ChildCell() as cell:
            return "launched" if cell.launched else "waits"
        case _:
            return NodePhase(scope.phases[node]).name


def _scope_standing(scope: Any) -> str:
    if isinstance(scope, GraphScope):
        if scope._handling:
            return "handles"
        if scope.error is not None:
            return "runs on"
    return "runs"
