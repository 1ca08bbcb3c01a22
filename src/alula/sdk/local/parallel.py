"""The engine's shell for a local run with workers: attempts run at once, those of launch plan nodes too.

What can't be found by its name in another process, a dynamic task, and an eager task, whose calls may ask on the
terminal, runs in this process, while the workers go on.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from functools import partial

from alula.core.engine.actions import (
    AbortChild,
    Action,
    CancelAttempt,
    LaunchChild,
    LookUpCache,
    SetTimer,
    StartAttempt,
)
from alula.core.engine.events import AbortRequested, CacheAwaited, CacheHit
from alula.core.engine.plan import Plan, PlanTask
from alula.core.engine.records import Changes
from alula.core.errors import InvalidInput
from alula.sdk.authoring.naming import attribute_of
from alula.sdk.local.attempt import attempt_of, function_task
from alula.sdk.local.attempts import Attempts
from alula.sdk.local.orders import Absent, Failed, Order
from alula.sdk.local.reservations import Reservations
from alula.sdk.local.shell import Means, Shell, Succeeded
from alula.sdk.local.timing import now_us
from alula.sdk.local.workers import Ended, Ticket, Workers
from alula.sdk.runtime.failure import TaskFailed


class ParallelShell(Shell):
    """One run of a workflow. The outermost one goes on with the runs of launch plan nodes, too."""

    def __init__(
        self,
        plan: Plan,
        inputs: bytes,
        means: Means,
        *,
        attempts: Attempts,
        workers: Workers,
        reservations: Reservations[ParallelShell],
    ) -> None:
        self._attempts = attempts
        self._workers = workers
        self._reservations = reservations
        self._tickets: dict[tuple[int, int, int], Ticket] = {}
        self._here: deque[StartAttempt] = deque()
        self._children: dict[str, ParallelShell] = {}
        super().__init__(plan, inputs, means)

    def _go_on(self) -> None:
        """Do one thing: first what takes no time, then what this process must do, then listen, ask, or wait."""
        family = list(self._family())
        for shell in family:
            if shell._todo:
                shell._do(shell._todo.popleft())
                return
            if shell._close_children():
                return
        self._workers.hand_out()
        for shell in family:
            if shell._here:
                shell._attempt(shell._here.popleft())
                return
        if self._workers.is_busy:
            self._listen(family)
            return
        for shell in family:
            if shell._execution.gates:
                shell._answer()
                return
        min((shell for shell in family if shell._timers), key=lambda shell: shell._timers[0])._wait()

    def _family(self) -> Iterator[ParallelShell]:
        yield self
        for child in self._children.values():
            yield from child._family()

    def _close_children(self) -> bool:
        for name, child in self._children.items():
            if child._execution.phase.is_terminal:
                del self._children[name]
                child._end()
                assert child._result is not None, "a run that has ended has told how"
                self._child_ended(name, child._result)
                return True
        return False

    def _listen(self, family: list[ParallelShell]) -> None:
        """Hear what the workers tell until the next timer."""
        next_at = min((at for shell in family for at, _, timer in shell._timers if _counts(timer)), default=None)
        self._workers.wait(None if next_at is None else max(0.0, (next_at - now_us()) / 1_000_000))
        now = now_us()
        for shell in family:
            for each in [each for each in shell._timers if each[0] <= now and _counts(each[2])]:
                shell._timers.remove(each)
                shell._fire(each[2])
            heapq.heapify(shell._timers)

    def _take(self, actions: list[Action], changes: Changes) -> None:
        super()._take(actions, changes)
        for released in changes.released:
            for shell, action in self._reservations.end(released, self):
                shell._todo.append(action)
        if self._execution.phase.is_terminal:
            self._end()

    def _end(self) -> None:
        """Let nothing run any more that belongs to it."""
        for shell in self._family():
            for ticket in shell._tickets.values():
                ticket.is_wanted = False

    def _do(self, action: Action) -> None:
        match action:
            case StartAttempt():
                self._start(action)
            case CancelAttempt():
                ticket = self._tickets.pop((action.scope, action.node, action.attempt), None)
                if ticket is not None:
                    ticket.is_wanted = False
            case LaunchChild():
                plan, inputs = self._means.child_of(action)
                self._children[action.child] = ParallelShell(
                    plan,
                    inputs,
                    self._means.of_child(action.child),
                    attempts=self._attempts,
                    workers=self._workers,
                    reservations=self._reservations,
                )
            case AbortChild():
                child = self._children.pop(action.child, None)
                if child is not None:
                    child._apply(AbortRequested(now_us(), action.cause, "local"))
            case LookUpCache() if action.holder:
                self._look_up(action)
            case _:
                super()._do(action)

    def _look_up(self, action: LookUpCache) -> None:
        """Look for a result that only one may compute at a time."""
        entry = self._means.cache.get(action.key)
        if entry is not None:
            self._apply(CacheHit(now_us(), action.scope, action.node, entry.outputs, entry.source))
        elif action.wait:
            if not self._reservations.wait(action, self):
                super()._do(action)
        elif holder := self._reservations.take(action, self):
            self._apply(CacheAwaited(now_us(), action.scope, action.node, holder))
        else:
            super()._do(action)

    def _start(self, action: StartAttempt) -> None:
        """Give an attempt to the workers, or leave it for this process."""
        plan = self._plan_of(action)
        if plan is None:
            return
        task = plan.task
        assert task is not None, "attempts are of tasks"
        order = self._order(action, task)
        if order is None:
            self._here.append(action)
            return
        ticket = Ticket(
            order,
            task.template.interface.outputs.variables,
            began=partial(self._began, action),
            ended=partial(self._told, action),
        )
        self._tickets[action.scope, action.node, action.attempt] = ticket
        self._workers.submit(ticket)

    def _order(self, action: StartAttempt, task: PlanTask) -> Order | None:
        """The attempt as a worker is told of it; None for one that must run here."""
        target = self._attempts.target(task)
        function = function_task(target)
        if function.kind.makes_graph or function.is_eager:
            return None
        module, name = function.module, function.interface.name
        try:
            name = attribute_of(function, module=module, name=name, location=function.location, kind="task")
            return Order(attempt_of(action, task.id, target, self._means.folder), module, name)
        except (InvalidInput, TaskFailed):
            return None

    def _told(self, action: StartAttempt, ended: Ended) -> None:
        self._tickets.pop((action.scope, action.node, action.attempt), None)
        if isinstance(ended, Absent):
            self._here.append(action)
        elif isinstance(ended, Failed):
            if ended.shown is not None:
                self._attempts.keep(action.node_id, ended.error, ended.shown)
            self._ended(action, ended.error)
        else:
            self._ended(action, Succeeded(ended.outputs, ended.deck))


def _counts(timer: SetTimer) -> bool:
    """False for the limit on waiting for a start: here it is other tasks of the run that a node waits for."""
    return timer.kind != "queue_timeout"
