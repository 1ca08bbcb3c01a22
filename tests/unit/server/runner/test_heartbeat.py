"""What a runner does at each beat, or keeps up while it is busy otherwise; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from flyteidl.admin import common_pb2
from tests.unit.server.runner.test_store_faults import LEASE_US, Bench, scenario, soon

from alula.core.engine import events
from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase, JobRecord
from alula.core.ids import AttemptId, ExecutionId
from alula.server.store.log import Commit

LEASE_S = LEASE_US / 1e6


async def abort_without_a_word(bench: Bench, id: ExecutionId, jobs: Sequence[JobRecord] = ()) -> None:
    """End a run that has these jobs as its owner does, who dies before it tells anybody."""
    now = bench.platform.clock()
    assert await bench.kept.ownership.claim("rival", now=now, lease_us=1, limit=1) == [id]
    changes = Changes(execution=ExecutionChange(ExecutionPhase.ABORTED, now, ended_at=now), jobs=list(jobs))
    event = events.encode(events.Claimed(now, "rival"))
    assert await bench.kept.log.commit([Commit(id, 1, [event], changes, [], owner="rival")]) == [True]


@scenario
async def test_a_run_whose_launcher_ended_without_a_word_is_aborted(bench: Bench) -> None:
    await bench.register()
    await abort_without_a_word(bench, await bench.launch("parent"))
    await bench.start()
    child = await bench.launch("child", labels=common_pb2.Labels(values={"eager-exec": "parent"}))
    await soon()
    assert await bench.phase(child) is ExecutionPhase.RUNNING
    await asyncio.sleep(LEASE_S)
    assert await bench.phase(child) is ExecutionPhase.ABORTED


@scenario
async def test_the_job_of_a_run_that_ended_without_a_word_is_ended(bench: Bench) -> None:
    await bench.register()
    await abort_without_a_word(bench, await bench.launch(), [JobRecord("n0", -1, 0, "remote", b"job-7")])
    ended: list[bytes] = []

    async def end_job(attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        ended.append(handle)

    bench.executor.names_jobs, bench.executor.end_job = True, end_job
    await bench.start()
    await asyncio.sleep(LEASE_S)
    assert ended == [b"job-7"]


@scenario
async def test_the_lease_is_kept_while_the_executor_is_told_what_should_run(bench: Bench) -> None:
    await bench.register()
    id = await bench.launch()
    tell = bench.executor.reconcile

    async def slowly(*args: Any, **named: Any) -> None:
        await asyncio.sleep(3 * LEASE_S)
        await tell(*args, **named)

    bench.executor.reconcile = slowly
    starting = asyncio.create_task(bench.start())
    await asyncio.sleep(2 * LEASE_S)
    assert await bench.kept.ownership.claim("rival", now=bench.platform.clock(), lease_us=1, limit=1) == []
    await starting
    assert await bench.kept.ownership.owner(id) == "one"
