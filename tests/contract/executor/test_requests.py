"""What an executor is asked twice, late, or for what it does not know changes nothing."""

from __future__ import annotations

import asyncio

import pytest
from tests.attempts.harness import eventually
from tests.contract.executor.outside import Lives, Outside

pytestmark = pytest.mark.anyio


async def test_a_repeated_submit_starts_nothing_twice(lives: Lives, outside: Outside):
    spec = outside.waits("n0")
    async with lives.begin() as life:
        life.executor.submit(spec)
        await life.until_it_runs(spec)
        life.executor.submit(spec)
        outside.finish(spec)
        await life.until(lambda: life.has_ended(spec))
        assert life.phases(spec) == ["RUNNING", "SUCCEEDED"]
    assert outside.starts(spec) == 1


async def test_the_end_of_an_attempt_that_is_submitted_again_is_reported_again(lives: Lives, outside: Outside):
    spec = outside.succeeds("n0")
    async with lives.begin() as life:
        await life.run(spec)
        life.executor.submit(spec)
        await life.until(lambda: len(life.of(spec, "SUCCEEDED")) == 2)
    assert outside.starts(spec) == 1


async def test_what_is_not_known_can_be_cancelled_released_and_acknowledged(lives: Lives, outside: Outside):
    unknown, known = outside.succeeds("unknown"), outside.succeeds("known")
    async with lives.begin() as life:
        for _ in range(2):
            life.executor.cancel(unknown.id)
            life.executor.release([unknown.id])
            life.executor.acknowledge([unknown.id])
        assert (await life.run(known)).phase == "SUCCEEDED"
        assert life.of(unknown) == []


@pytest.mark.parametrize("when", ["at once", "running"])
async def test_a_cancelled_attempt_does_not_run_and_is_not_heard_of_again(lives: Lives, outside: Outside, when: str):
    spec = outside.waits("n0")
    async with lives.begin() as life:
        life.executor.submit(spec)
        if when == "running":
            await life.until_it_runs(spec)
        for _ in range(2):
            life.executor.cancel(spec.id)
        told = life.phases(spec)
        await asyncio.to_thread(eventually, lambda: not outside.runs(spec))
        outside.finish(spec)
        await life.run(outside.succeeds("n1"))
        assert life.phases(spec) == told
        assert "SUCCEEDED" not in told


async def test_an_attempt_that_is_wanted_again_after_its_cancellation_runs_again(lives: Lives, outside: Outside):
    spec = outside.waits("n0")
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        await asyncio.to_thread(eventually, lambda: outside.starts(spec))
        life.executor.cancel(spec.id)
        outside.finish(spec)
        assert (await life.run(spec)).phase == "SUCCEEDED"
    assert outside.starts(spec) == 2


async def test_a_cancelled_attempt_takes_no_other_along(lives: Lives, outside: Outside):
    kept, others = outside.waits("kept"), [outside.waits(f"n{i}") for i in range(10)]
    async with lives.begin() as life:
        await life.until_it_runs(kept)
        for number, spec in enumerate(others):
            life.executor.submit(spec)
            for _ in range(number % 4):
                await asyncio.sleep(0)
            life.executor.cancel(spec.id)
        outside.finish(kept)
        await life.until(lambda: life.has_ended(kept))
        assert life.phases(kept) == ["RUNNING", "SUCCEEDED"]


async def test_a_released_attempt_is_not_heard_of_until_it_is_submitted_again(lives: Lives, outside: Outside):
    spec = outside.waits("n0")
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        life.executor.release([spec.id])
        told = life.phases(spec)
        await life.run(outside.succeeds("n1"))
        await asyncio.to_thread(eventually, lambda: outside.runs(spec) or not outside.hands_over)
        outside.finish(spec)
        await life.run(outside.succeeds("n2"))
        assert life.phases(spec) == told == ["RUNNING"]
        assert (await life.run(spec)).phase == "SUCCEEDED"
    assert outside.starts(spec) == (1 if outside.hands_over else 2)


async def test_an_end_is_reported_again_until_it_is_acknowledged(lives: Lives, outside: Outside):
    spec = outside.succeeds("n0")
    async with lives.begin() as life:
        await life.run(spec)
        for times in (2, 3):
            await life.executor.reconcile([spec], owner="here")
            await life.until(lambda times=times: len(life.of(spec, "SUCCEEDED")) == times)
        for _ in range(2):
            life.executor.acknowledge([spec.id])
        await life.run(outside.succeeds("n1"))
        assert len(life.of(spec, "SUCCEEDED")) == 3
    assert outside.starts(spec) == 1


async def test_what_is_not_expected_any_more_is_stopped(lives: Lives, outside: Outside):
    wanted, unwanted = outside.waits("wanted"), outside.waits("unwanted")
    async with lives.begin() as life:
        for spec in (wanted, unwanted):
            await life.until_it_runs(spec)
        await life.executor.reconcile([wanted], owner="here")
        await asyncio.to_thread(eventually, lambda: not outside.runs(unwanted))
        for spec in (wanted, unwanted):
            outside.finish(spec)
        await life.until(lambda: life.has_ended(wanted))
        assert life.phases(unwanted) == ["RUNNING"]
    assert outside.starts(wanted) == 1


async def test_what_is_spared_is_left_as_it_is(lives: Lives, outside: Outside):
    wanted, spared, unwanted = (outside.waits(name) for name in ("wanted", "spared", "unwanted"))
    async with lives.begin() as life:
        for spec in (wanted, spared, unwanted):
            await life.until_it_runs(spec)
        await life.executor.reconcile([wanted], owner="here", spared=[spared.id])
        await asyncio.to_thread(eventually, lambda: not outside.runs(unwanted))
        await asyncio.to_thread(eventually, lambda: outside.runs(spared))
        for spec in (wanted, spared):
            outside.finish(spec)
        await life.until(lambda: life.has_ended(wanted) and life.has_ended(spared))
    assert outside.starts(spared) == 1
