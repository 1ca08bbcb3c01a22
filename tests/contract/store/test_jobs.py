"""Jobs that executors find by a handle only: remembered until they are over."""

from __future__ import annotations

import pytest
from tests.contract.store.records import audit, commit, execution, execution_id, running

from alula.core.engine.records import AttemptPhase, AttemptRecord, ItemRecord, JobRecord
from alula.core.ids import AttemptId
from alula.server.store import Store
from alula.server.store.jobs import Job

pytestmark = pytest.mark.anyio
A1, A2 = execution_id("a1"), execution_id("a2")
JOB = JobRecord("n0", -1, 0, "remote", b"job-1")


def attempt(phase: AttemptPhase, number: int = 0, node_id: str = "n0") -> AttemptRecord:
    return AttemptRecord(node_id, number, phase, 20)


def item(phase: AttemptPhase, index: int, number: int = 0) -> ItemRecord:
    return ItemRecord("n0", index, number, phase, 20)


async def unwanted(store: Store) -> list[Job]:
    return await store.jobs.unwanted(limit=100)


@pytest.fixture
async def launched(store: Store) -> Store:
    for name in ("a1", "a2"):
        await store.executions.create(execution(name, incarnation=f"of {name}"), b"created", audit())
    return store


async def test_a_job_is_wanted_while_its_attempt_runs_and_unwanted_afterwards(launched: Store) -> None:
    began = [attempt(AttemptPhase.RUNNING)]
    await launched.log.commit([commit(A1, 1, b"1", execution=running(), attempts=began, jobs=[JOB])])
    assert await unwanted(launched) == []
    await launched.log.commit([commit(A1, 2, b"2", attempts=[attempt(AttemptPhase.ABORTED)])])
    job = Job(AttemptId(A1, "n0", 0), "of a1", "remote", b"job-1")
    assert await unwanted(launched) == [job]
    assert await unwanted(launched) == [job], "until it is said to be over"
    await launched.jobs.remove([job.attempt])
    await launched.jobs.remove([job.attempt])
    assert await unwanted(launched) == []


async def test_one_that_ends_with_its_attempt_is_forgotten(launched: Store) -> None:
    await launched.log.commit([commit(A1, 1, b"1", attempts=[attempt(AttemptPhase.RUNNING)], jobs=[JOB])])
    over = JobRecord("n0", -1, 0)
    await launched.log.commit([commit(A1, 2, b"2", attempts=[attempt(AttemptPhase.SUCCEEDED)], jobs=[over])])
    assert await unwanted(launched) == []


async def test_it_may_begin_and_end_in_one_transaction(launched: Store) -> None:
    told = [JOB, JobRecord("n0", -1, 0)]
    await launched.log.commit([commit(A1, 1, b"1", attempts=[attempt(AttemptPhase.SUCCEEDED)], jobs=told)])
    assert await unwanted(launched) == []


async def test_of_an_item_only_the_newest_attempt_is_in_flight(launched: Store) -> None:
    jobs = [JobRecord("n0", index, 0, "remote", f"job-{index}".encode()) for index in range(3)]
    began = [attempt(AttemptPhase.RUNNING)]
    running_items = [item(AttemptPhase.RUNNING, index) for index in range(3)]
    await launched.log.commit([commit(A1, 1, b"1", attempts=began, items=running_items, jobs=jobs)])
    assert await unwanted(launched) == []
    again = [item(AttemptPhase.QUEUED, 1, 1), item(AttemptPhase.FAILED, 2)]
    await launched.log.commit([commit(A1, 2, b"2", items=again)])
    assert [(job.attempt.index, job.handle) for job in await unwanted(launched)] == [(1, b"job-1"), (2, b"job-2")]


async def test_a_refused_commit_leaves_none_and_each_run_has_its_own(launched: Store) -> None:
    refused = commit(A1, 7, b"1", attempts=[attempt(AttemptPhase.ABORTED)], jobs=[JOB])
    kept = commit(A2, 1, b"1", attempts=[attempt(AttemptPhase.ABORTED)], jobs=[JOB])
    assert await launched.log.commit([refused, kept]) == [False, True]
    assert [job.attempt.execution for job in await unwanted(launched)] == [A2]


async def test_a_newer_handle_takes_the_place_of_the_older_and_portions_are_limited(launched: Store) -> None:
    ended = [attempt(AttemptPhase.ABORTED, number) for number in range(3)]
    jobs = [JobRecord("n0", -1, number, "remote", b"old") for number in range(3)]
    await launched.log.commit([commit(A1, 1, b"1", attempts=ended, jobs=jobs)])
    await launched.log.commit([commit(A1, 2, b"2", jobs=[JobRecord("n0", -1, 0, "remote", b"new")])])
    assert [job.handle for job in await launched.jobs.unwanted(limit=2)] == [b"new", b"old"]


async def test_unwanted_ones_come_in_portions(launched: Store) -> None:
    items = [JobRecord("n0", index, number, "remote", b"i") for index in (0, 1) for number in (0, 1)]
    told = [*items, JobRecord("n0", -1, 1, "remote", b"a"), JobRecord("m", -1, 0, "remote", b"m")]
    for id in (A2, A1):
        await launched.log.commit([commit(id, 1, b"1", jobs=told)])
    found: list[AttemptId] = []
    while portion := await launched.jobs.unwanted(limit=5, after=found[-1] if found else None):
        found += [job.attempt for job in portion]
    order = [("m", 0, -1), ("n0", 1, -1), ("n0", 0, 0), ("n0", 1, 0), ("n0", 0, 1), ("n0", 1, 1)]
    assert found == [AttemptId(id, *each) for id in (A1, A2) for each in order]
