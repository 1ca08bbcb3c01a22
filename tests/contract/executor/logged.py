"""A platform's part where jobs are found by handles only: it keeps these, and ends the jobs that nobody wants."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import NamedTuple

import msgspec

from alula.core.engine.usage import Usage
from alula.core.ids import AttemptId
from alula.server.executor import AttemptSpec, AttemptUpdate, Executor, Sink


class Known(NamedTuple):
    handle: bytes
    incarnation: str
    owner: str


class Logged:
    """An executor with the log of its platforms: `log` has the handle of each attempt that has one."""

    def __init__(self, executor: Executor, log: dict[AttemptId, Known], platform: str) -> None:
        self.executor = executor
        self._log = log
        self._platform = platform
        self._incarnations: dict[AttemptId, str] = {}

    @property
    def names_jobs(self) -> bool:
        return self.executor.names_jobs

    async def start(self, sink: Sink) -> None:
        def told(update: AttemptUpdate) -> None:
            if update.handle:
                incarnation = self._incarnations.get(update.id, "")
                self._log[update.id] = Known(update.handle, incarnation, self._platform)
            sink(update)

        await self.executor.start(told)

    async def stop(self) -> None:
        await self.executor.stop()

    def submit(self, spec: AttemptSpec) -> None:
        self.executor.submit(self._with_handle(spec))

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        known = self._log.pop(attempt, Known(b"", self._incarnations.get(attempt, ""), ""))
        self.executor.cancel(attempt, incarnation=known.incarnation, claim=claim, handle=known.handle)

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        await self.executor.end_job(attempt, incarnation=incarnation, executor=executor, handle=handle)

    def release(self, attempts: Collection[AttemptId]) -> None:
        self.executor.release(attempts)

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        self.executor.acknowledge(attempts)

    def usage(self, attempt: AttemptId) -> Usage | None:
        return self.executor.usage(attempt)

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        """Tell the executor, and end the jobs that nobody wants, as a heartbeat does."""
        await self.executor.reconcile([self._with_handle(spec) for spec in expected], owner=owner, spared=spared)
        wanted = {*spared, *(spec.id for spec in expected)}
        unwanted = {id: job for id, job in self._log.items() if job.owner == owner and id not in wanted}
        for id, job in unwanted.items():
            await self.end_job(id, incarnation=job.incarnation, executor="", handle=job.handle)
            del self._log[id]
        await asyncio.sleep(0)

    def _with_handle(self, spec: AttemptSpec) -> AttemptSpec:
        self._incarnations[spec.id] = spec.incarnation
        known = self._log.get(spec.id)
        if known is None:
            return spec
        self._log[spec.id] = known._replace(owner=self._platform)
        return msgspec.structs.replace(spec, handle=known.handle)
