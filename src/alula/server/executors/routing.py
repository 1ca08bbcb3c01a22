"""One executor made of several: each attempt goes to one of them, and all that is asked of it later goes there too.

The choice is reported with the attempt, so it is in the log before the next life of the platform. There it counts more
than the settings of that life: a job is found again where it is.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec
from flyteidl.core import tasks_pb2

from alula.core.engine.usage import Usage
from alula.core.errors import TaskError, Unavailable
from alula.core.ids import AttemptId
from alula.core.policy.routing import Choice, Route, choose, gone
from alula.server.executor import AttemptSpec, AttemptUpdate, Executor, Sink

_NONE = ""
"""In place of an executor's name: none can have the attempt, and its failure is about to be reported."""


Wants = Callable[[tasks_pb2.TaskTemplate], str]
"""The reason why an executor asks for a task that no route is for; empty if it does not."""


class Routing:
    """An `Executor` over others by name. The first of them takes attempts that no route is for, unless one `wants`
    them."""

    def __init__(
        self, executors: Mapping[str, Executor], routes: Sequence[Route] = (), wants: Mapping[str, Wants] | None = None
    ) -> None:
        self._executors = dict(executors)
        self._wants = dict(wants or {})
        self._names = tuple(executors)
        self._routes = routes
        self._where: dict[AttemptId, str] = {}
        """The executor of each attempt that is followed."""
        self._why: dict[AttemptId, str] = {}
        """The reason of the choice, until the attempt runs."""

    @property
    def names_jobs(self) -> bool:
        return any(each.names_jobs for each in self._executors.values())

    async def start(self, sink: Sink) -> None:
        """Begin with all of them; if one can't, those that have begun are stopped."""
        self._sink = sink
        begun: list[Executor] = []
        try:
            for name, executor in self._executors.items():
                await executor.start(functools.partial(self._told, name))
                begun.append(executor)
        except BaseException:
            for executor in begun:
                await executor.stop()
            raise

    async def stop(self) -> None:
        self._where.clear()
        self._why.clear()
        done = await asyncio.gather(*(each.stop() for each in self._executors.values()), return_exceptions=True)
        for error in done:
            if isinstance(error, BaseException):
                raise error

    def submit(self, spec: AttemptSpec) -> None:
        name = self._place(spec)
        if name is not None:
            self._executors[name].submit(spec)

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        """Cancel with the executor that has the attempt; with all of them if that is not known."""
        name = self._where.pop(attempt, executor)
        self._why.pop(attempt, None)
        if name in self._executors:
            self._executors[name].cancel(attempt, incarnation=incarnation, claim=claim, executor=name, handle=handle)
        elif not name:
            for each in self._executors.values():
                each.cancel(attempt, incarnation=incarnation, claim=claim)

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        """Raises `Unavailable` for a job of an executor that is not there: settings may bring it back."""
        if executor not in self._executors:
            raise Unavailable("ExecutorGone", f"its executor `{executor}` is not configured")
        await self._executors[executor].end_job(attempt, incarnation=incarnation, executor=executor, handle=handle)

    def release(self, attempts: Collection[AttemptId]) -> None:
        for name, some in self._leave(attempts).items():
            self._executors[name].release(some)

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        for name, some in self._leave(attempts).items():
            self._executors[name].acknowledge(some)

    def usage(self, attempt: AttemptId) -> Usage | None:
        name = self._where.get(attempt, _NONE)
        return self._executors[name].usage(attempt) if name else None

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        """Tell each of them what is expected of it, also if that is nothing: it stops everything else."""
        of: dict[str, list[AttemptSpec]] = {name: [] for name in self._names}
        for spec in expected:
            name = self._place(spec)
            if name is not None:
                of[name].append(spec)
        for name, some in of.items():
            await self._executors[name].reconcile(some, owner=owner, spared=spared)

    def _place(self, spec: AttemptSpec) -> str | None:
        """The executor of an attempt; None if none can have it, which is reported."""
        known = self._where.get(spec.id) or spec.executor
        choice = Choice(known) if known else self._chosen(spec)
        if isinstance(choice, Choice) and choice.executor not in self._executors:
            choice = gone(choice.executor, self._names)
        if isinstance(choice, TaskError):
            self._where[spec.id] = _NONE
            asyncio.get_running_loop().call_soon(self._refuse, spec.id, choice)
            return None
        self._where[spec.id] = choice.executor
        if choice.why:
            self._why[spec.id] = choice.why
        return choice.executor

    def _chosen(self, spec: AttemptSpec) -> Choice | TaskError:
        if len(self._names) == 1 and not spec.wish.executors:
            return Choice(self._names[0])
        of, task = spec.id.execution, spec.task
        return choose(
            task.type,
            of.project,
            of.domain,
            image=task.container.image,
            wish=spec.wish,
            routes=self._routes,
            executors=self._names,
            asked_for=self._asked_for(task),
        )

    def _asked_for(self, task: tasks_pb2.TaskTemplate) -> Choice | None:
        return next((Choice(name, why) for name, wants in self._wants.items() if (why := wants(task))), None)

    def _refuse(self, attempt: AttemptId, error: TaskError) -> None:
        if self._where.get(attempt) == _NONE:  # else it was let go of meanwhile
            self._sink(AttemptUpdate(attempt, time.time_ns() // 1000, "FAILED", error=error))

    def _leave(self, attempts: Collection[AttemptId]) -> dict[str, list[AttemptId]]:
        """Follow these no longer. Gives them by executor, as far as one has them."""
        found: defaultdict[str, list[AttemptId]] = defaultdict(list)
        for attempt in attempts:
            name = self._where.pop(attempt, _NONE)
            self._why.pop(attempt, None)
            if name:
                found[name].append(attempt)
        return found

    def _told(self, name: str, update: AttemptUpdate) -> None:
        if update.phase not in ("SUCCEEDED", "FAILED") or update.logs is not None or update.info is not None:
            update = msgspec.structs.replace(update, executor=name)
        if update.where and (why := self._why.pop(update.id, "")):
            update = msgspec.structs.replace(update, where=f"{update.where}, {why}")
        self._sink(update)
