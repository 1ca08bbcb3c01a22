"""Jobs that a crash has left, of executors that find them by a handle only."""

from __future__ import annotations

import pytest

from alula.core.errors import Unavailable
from alula.core.ids import AttemptId, ExecutionId
from alula.server.runner.jobs import PORTION, UnwantedJobs
from alula.server.store.jobs import Job

pytestmark = pytest.mark.anyio


class Kept:
    """Jobs of a store."""

    def __init__(self, count: int) -> None:
        execution = ExecutionId("p", "d", "e")
        self.jobs = {
            AttemptId(execution, f"n{number:03}", 0): Job(
                AttemptId(execution, f"n{number:03}", 0), "i", "remote", f"job-{number}".encode()
            )
            for number in range(count)
        }
        self.is_away = False

    async def unwanted(self, *, limit: int, after: AttemptId | None = None) -> list[Job]:
        if self.is_away:
            raise Unavailable("StoreUnreachable", "nobody answers")
        return [job for job in self.jobs.values() if after is None or job.attempt > after][:limit]

    async def remove(self, attempts: list[AttemptId]) -> None:
        for attempt in attempts:
            del self.jobs[attempt]


class Remote:
    """An executor that can't end some of its jobs."""

    def __init__(self, *, names_jobs: bool = True) -> None:
        self.names_jobs = names_jobs
        self.errors: dict[bytes, Exception] = {}
        self.ended: list[bytes] = []

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        assert (incarnation, executor) == ("i", "remote")
        if handle in self.errors:
            raise self.errors[handle]
        self.ended.append(handle)


def ending(kept: Kept, remote: Remote) -> UnwantedJobs:
    return UnwantedJobs(kept, remote)  # type: ignore[arg-type]


async def test_all_are_ended_in_portions_and_forgotten() -> None:
    kept, remote = Kept(2 * PORTION + 1), Remote()
    await ending(kept, remote).end()
    assert (len(remote.ended), kept.jobs) == (2 * PORTION + 1, {})


async def test_one_that_can_not_be_ended_stays_and_the_others_go() -> None:
    kept, remote = Kept(3), Remote()
    remote.errors = {b"job-0": Unavailable("ConnectorAway", "it does not answer"), b"job-1": RuntimeError("a bug")}
    jobs = ending(kept, remote)
    await jobs.end()
    assert [job.handle for job in kept.jobs.values()] == [b"job-0", b"job-1"]
    remote.errors.clear()
    await jobs.end()
    assert kept.jobs == {}


async def test_many_that_can_not_be_ended_keep_no_other_from_being_ended() -> None:
    kept, remote = Kept(2 * PORTION + 1), Remote()
    stuck = [f"job-{number}".encode() for number in range(2 * PORTION)]
    remote.errors = {job: Unavailable("JobNotEnded", "it does not answer") for job in stuck}
    await ending(kept, remote).end()
    assert remote.ended == [f"job-{2 * PORTION}".encode()]
    assert [job.handle for job in kept.jobs.values()] == stuck


async def test_while_the_store_is_away_nothing_happens() -> None:
    kept, remote = Kept(1), Remote()
    kept.is_away = True
    jobs = ending(kept, remote)
    await jobs.end()
    kept.is_away = False
    await jobs.end()
    assert kept.jobs == {}


async def test_where_no_executor_gives_handles_the_store_is_not_asked() -> None:
    kept = Kept(1)
    kept.is_away = True
    await ending(kept, Remote(names_jobs=False)).end()
    assert len(kept.jobs) == 1
