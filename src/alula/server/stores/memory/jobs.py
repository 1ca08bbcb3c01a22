"""Jobs that other systems have for attempts."""

from __future__ import annotations

from collections.abc import Sequence

from alula.core.engine.records import JobRecord
from alula.core.ids import AttemptId, ExecutionId
from alula.server.store.jobs import Job
from alula.server.stores.memory.runs import Run, Runs
from alula.server.stores.merging import job_key


class Jobs:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def unwanted(self, *, limit: int, after: AttemptId | None = None) -> list[Job]:
        found = [
            Job(AttemptId(id, job.node_id, job.attempt, job.index), run.record.incarnation, job.executor, job.handle)
            for id, run in self._runs.items()
            for job in run.jobs.values()
            if not _is_in_flight(run, job)
        ]
        found.sort(key=lambda job: _order(job.attempt))
        return [job for job in found if after is None or _order(job.attempt) > _order(after)][:limit]

    async def remove(self, attempts: Sequence[AttemptId]) -> None:
        for execution, node_id, attempt, index in attempts:
            if (run := self._runs.get(execution)) is not None:
                run.jobs.pop((node_id, index, attempt), None)


def write(run: Run, jobs: Sequence[JobRecord]) -> None:
    """Take in changes of an execution."""
    for job in jobs:
        if job.handle:
            run.jobs[job_key(job)] = job
        else:
            run.jobs.pop(job_key(job), None)


def _order(attempt: AttemptId) -> tuple[ExecutionId, str, int, int]:
    return attempt.execution, attempt.node_id, attempt.index, attempt.attempt


def _is_in_flight(run: Run, job: JobRecord) -> bool:
    if job.index < 0:
        attempt = run.attempts.get((job.node_id, job.attempt))
        return attempt is not None and not attempt.phase.is_terminal
    item = run.items.get((job.node_id, job.index))
    return item is not None and item.attempt == job.attempt and not item.phase.is_terminal
