"""The effects of a platform, counted as they pass, and a process that kills itself at one of them.

An effect is a call that leaves the platform's process: of its store, its objects, its executor; or an update that comes
back. A point is one side of the n-th time of one effect: `before commit AttemptSucceeded`, 2. A commit is as many
effects as it has events, so that their numbers are the same however events gather in commits.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.concerns import CONCERNS

from alula.core.engine.events import decode
from alula.core.engine.usage import Usage
from alula.core.ids import AttemptId, ExecutionId
from alula.server.executor import AttemptSpec, AttemptUpdate, Executor, Sink
from alula.server.store.audits import Audit
from alula.server.store.log import Commit

READS = frozenset(
    f"store.{name}"
    for name in (
        "attributes.find",
        "catalog.get",
        "entities.get",
        "executions.get",
        "inbox.read",
        "log.read",
        "ownership.owner",
        "projects.get",
        "signals.get",
    )
) | {"blobs.get"}
"""Effects that change nothing: to die after one is to die before the next."""

HOUSEKEEPING = frozenset(
    [f"store.outbox.{name}" for name in ("register", "release", "forget_overdue")]
    + [f"store.{name}.remove_expired" for name in ("ownership", "reservations", "holds", "outbox")]
)
"""Of leases and of what is done under them: a platform that dies at one leaves runs as between any two effects."""


class Point(NamedTuple):
    effect: str
    """`before submit`, `after commit AttemptProgressed` ..."""
    hit: int
    """From 1."""

    def __str__(self) -> str:
        return f"{self.effect} #{self.hit}"


class Points:
    """Writes each point that is passed to `trace`, and dies at `deadly`, all at once, as by `kill -9`."""

    def __init__(self, trace: Path, deadly: Point | None = None) -> None:
        self._trace = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._deadly = deadly
        self._passed = Counter[str]()

    def reach(self, effects: Iterable[str]) -> None:
        for effect in effects:
            self._passed[effect] += 1
            os.write(self._trace, f"{effect}\n".encode())
            if (effect, self._passed[effect]) == self._deadly:
                os.kill(os.getpid(), signal.SIGKILL)


def read_trace(trace: Path) -> Counter[str]:
    """How often each effect was passed, in the order of their first time."""
    return Counter(trace.read_text().splitlines())


class CountedPort:
    """A store or objects: every call that waits for an answer is an effect; the others only work something out."""

    def __init__(self, port: Any, name: str, points: Points) -> None:
        self._port = port
        self._name = name
        self._points = points

    # `Any`: a port of any kind, whatever it is asked.
    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name in CONCERNS:
            return CountedPort(method, f"{self._name}.{name}", self._points)
        return functools.partial(self._call, name, method) if asyncio.iscoroutinefunction(method) else method

    async def _call(self, name: str, method: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
        effects = _effects(self._name, name, args)
        self._points.reach(f"before {effect}" for effect in effects)
        result = await method(*args, **named)
        self._points.reach(f"after {effect}" for effect in effects)
        return result


def _effects(port: str, method: str, args: tuple[Any, ...]) -> Sequence[str]:
    if (port, method) == ("store.log", "commit"):
        commits: Sequence[Commit] = args[0]
        return [f"commit {type(decode(event)).__name__}" for commit in commits for event in commit.events]
    if (port, method) == ("store.inbox", "post"):
        post: tuple[ExecutionId, bytes, Audit] = args
        return [f"post {type(decode(post[1])).__name__}"]
    if port == "store.leases" or f"{port}.{method}" in HOUSEKEEPING:
        return []
    return [f"{port}.{method}"]


class CountedExecutor:
    """An executor whose calls and updates are effects."""

    def __init__(self, executor: Executor, points: Points) -> None:
        self._executor = executor
        self._points = points

    async def start(self, sink: Sink) -> None:
        def counted(update: AttemptUpdate) -> None:
            self._points.reach([f"before update {update.phase}"])
            sink(update)
            self._points.reach([f"after update {update.phase}"])

        self._points.reach(["before executor.start"])
        await self._executor.start(counted)
        self._points.reach(["after executor.start"])

    async def stop(self) -> None:
        await self._executor.stop()

    def submit(self, spec: AttemptSpec) -> None:
        self._points.reach(["before submit"])
        self._executor.submit(spec)
        self._points.reach(["after submit"])

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        self._points.reach(["before cancel"])
        self._executor.cancel(attempt, incarnation=incarnation, claim=claim, executor=executor, handle=handle)
        self._points.reach(["after cancel"])

    @property
    def names_jobs(self) -> bool:
        return self._executor.names_jobs

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        await self._executor.end_job(attempt, incarnation=incarnation, executor=executor, handle=handle)

    def release(self, attempts: Collection[AttemptId]) -> None:
        self._points.reach(["before release"] * len(attempts))
        self._executor.release(attempts)
        self._points.reach(["after release"] * len(attempts))

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        self._points.reach(["before acknowledge"] * len(attempts))
        self._executor.acknowledge(attempts)
        self._points.reach(["after acknowledge"] * len(attempts))

    def usage(self, attempt: AttemptId) -> Usage | None:
        return self._executor.usage(attempt)

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        self._points.reach(["before reconcile"])
        await self._executor.reconcile(expected, owner=owner, spared=spared)
        self._points.reach(["after reconcile"])
