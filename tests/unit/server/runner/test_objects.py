"""Objects that the runner writes and reads for one execution: others do not wait for them; in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.unit.server.runner.test_store_faults import AWAY, FULL, LEASE_US, Bench, scenario, soon

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import AttemptId, ExecutionId
from alula.server.runner.again import OBJECT_TRIES, RETRY_S

ALL_TRIES_S = (OBJECT_TRIES + 10) * RETRY_S


async def launch_with_objects(bench: Bench) -> ExecutionId:
    """A run with each of its values in an object."""
    platform = bench.platform
    bench.platform = replace(platform, inline_max_bytes=5)
    try:
        return await bench.launch("objects")
    finally:
        bench.platform = platform


async def attempt_of(bench: Bench, id: ExecutionId) -> AttemptId:
    await soon()
    return next(attempt for attempt in bench.executor.submitted if attempt.execution == id)


async def check_another(bench: Bench, name: str) -> None:
    other = await bench.launch(name)
    bench.executor.succeed(await attempt_of(bench, other), 7)
    await soon()
    assert await bench.phase(other) is ExecutionPhase.SUCCEEDED


@scenario
async def test_others_go_on_while_outputs_can_not_be_written(bench: Bench) -> None:
    await bench.start()
    id = await launch_with_objects(bench)
    attempt = await attempt_of(bench, id)
    bench.blobs.before["put"] = [AWAY] * 100
    bench.executor.succeed(attempt, 7)
    await soon()
    await check_another(bench, "other")
    assert await bench.phase(id) is ExecutionPhase.RUNNING
    await asyncio.sleep(100 * RETRY_S)
    assert await bench.phase(id) is ExecutionPhase.SUCCEEDED


@scenario
async def test_a_run_fails_whose_outputs_can_not_be_written_for_long(bench: Bench) -> None:
    await bench.start()
    id = await launch_with_objects(bench)
    attempt = await attempt_of(bench, id)
    bench.blobs.before["put"] = [AWAY] * OBJECT_TRIES
    bench.executor.succeed(attempt, 7)
    await asyncio.sleep(ALL_TRIES_S)
    record = await bench.kept.executions.get(id)
    assert record is not None and record.error is not None
    assert record.phase is ExecutionPhase.FAILED
    assert record.error.code == AWAY.code and "incident" in record.error.message
    await check_another(bench, "other")


@scenario
async def test_a_full_disk_is_waited_for(bench: Bench) -> None:
    await bench.start()
    id = await launch_with_objects(bench)
    attempt = await attempt_of(bench, id)
    bench.blobs.before["put"] = [FULL] * (OBJECT_TRIES + 1)
    bench.executor.succeed(attempt, 7)
    await asyncio.sleep(ALL_TRIES_S)
    assert await bench.phase(id) is ExecutionPhase.SUCCEEDED


@scenario
async def test_a_run_whose_outputs_can_not_be_written_is_aborted(bench: Bench) -> None:
    await bench.start()
    id = await launch_with_objects(bench)
    attempt = await attempt_of(bench, id)
    bench.blobs.before["put"] = [AWAY] * OBJECT_TRIES
    bench.executor.succeed(attempt, 7)
    await soon()
    await bench.abort(id)
    await soon()
    assert await bench.phase(id) is ExecutionPhase.ABORTED


@scenario
async def test_others_go_on_while_inputs_can_not_be_read(bench: Bench) -> None:
    await bench.start()
    bench.blobs.before["size"] = [AWAY] * 100
    id = await launch_with_objects(bench)
    await soon()
    await check_another(bench, "other")
    assert not any(attempt.execution == id for attempt in bench.executor.submitted)
    await asyncio.sleep(100 * RETRY_S)
    assert await attempt_of(bench, id)


@scenario
async def test_an_attempt_is_reconciled_later_whose_inputs_can_not_be_read_at_the_start(bench: Bench) -> None:
    first = await bench.start()
    id = await launch_with_objects(bench)
    await soon()
    await first.stop()
    bench.executor.submitted.clear()
    bench.blobs.before["size"] = [AWAY] * 100
    await bench.start()
    assert bench.executor.reconciled == []
    await asyncio.sleep(100 * RETRY_S)
    assert await attempt_of(bench, id)


@scenario
async def test_an_attempt_starts_although_the_lease_ended_while_its_inputs_were_read(bench: Bench) -> None:
    await bench.start()
    id = await launch_with_objects(bench)
    bench.store.before["ownership.renew"] = [AWAY] * 6
    bench.blobs.before["size"] = [AWAY] * round(3 * LEASE_US / 1e6 / RETRY_S)
    await asyncio.sleep(6 * LEASE_US / 1e6)
    assert await attempt_of(bench, id)


@scenario
async def test_what_starts_later_is_spared_when_a_platform_begins(bench: Bench) -> None:
    first = await bench.start()
    id = await launch_with_objects(bench)
    attempt = await attempt_of(bench, id)
    await first.stop()
    bench.blobs.before["size"] = [AWAY] * 100
    await bench.start()
    assert bench.executor.spared == [attempt]
