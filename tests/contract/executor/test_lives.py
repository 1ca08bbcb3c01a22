"""What an executor finds when its platform lives again, and what it leaves alone because it is another's."""

from __future__ import annotations

import asyncio

import pytest
from tests.attempts.harness import eventually
from tests.attempts.specs import literal_map
from tests.contract.executor.outside import Lives, Outside

pytestmark = pytest.mark.anyio
SEVEN = literal_map(o0=7).SerializeToString()
both_ends = pytest.mark.parametrize("crashes", [False, True], ids=["stopped", "crashed"])


@both_ends
async def test_an_end_that_was_not_acknowledged_is_reported_in_the_next_life(
    lives: Lives, outside: Outside, crashes: bool
):
    spec = outside.succeeds("n0", outputs=SEVEN)
    async with lives.begin(crashes=crashes) as life:
        await life.run(spec)
    for _ in range(2):
        async with lives.begin(spec, crashes=crashes) as life:
            await life.until(lambda life=life: life.has_ended(spec))
            assert life.end_of(spec).outputs == SEVEN
    assert outside.starts(spec) == 1


@both_ends
async def test_an_attempt_that_ran_goes_on_or_starts_again(lives: Lives, outside: Outside, crashes: bool):
    spec = outside.waits("n0", outputs=SEVEN)
    async with lives.begin(crashes=crashes) as life:
        await life.until_it_runs(spec)
        await asyncio.to_thread(eventually, lambda: outside.starts(spec))
    async with lives.begin(spec) as life:
        await life.until(lambda: life.of(spec, "RUNNING"))
        outside.finish(spec)
        await life.until(lambda: life.has_ended(spec))
        assert life.phases(spec) == ["RUNNING", "SUCCEEDED"]
        assert life.end_of(spec).outputs == SEVEN
    assert outside.starts(spec) == (1 if outside.hands_over else 2)


async def test_an_attempt_that_was_never_submitted_is_started(lives: Lives, outside: Outside):
    spec = outside.succeeds("n0")
    async with lives.begin(spec) as life:
        await life.until(lambda: life.has_ended(spec))
        assert life.phases(spec) == ["RUNNING", "SUCCEEDED"]


@both_ends
async def test_what_is_not_expected_after_a_restart_is_stopped(lives: Lives, outside: Outside, crashes: bool):
    spec = outside.waits("n0")
    async with lives.begin(crashes=crashes) as life:
        await life.until_it_runs(spec)
    async with lives.begin() as life:
        await asyncio.to_thread(eventually, lambda: not outside.runs(spec))
        outside.finish(spec)
        await life.run(outside.succeeds("n1"))
        assert life.of(spec) == []


@both_ends
async def test_what_another_platform_runs_is_left_alone(lives: Lives, outside: Outside, crashes: bool):
    theirs, ended = outside.waits("theirs", outputs=SEVEN), outside.succeeds("ended", outputs=SEVEN)
    async with lives.begin(platform="there") as there:
        await there.until_it_runs(theirs)
        await there.run(ended)
        for _ in range(2):
            async with lives.begin(crashes=crashes) as here:
                await here.run(outside.succeeds("ours"))
                assert here.of(theirs) == []
        outside.finish(theirs)
        await there.until(lambda: there.has_ended(theirs))
        assert there.phases(theirs) == ["RUNNING", "SUCCEEDED"]
        await there.executor.reconcile([ended], owner="there")
        await there.until(lambda: len(there.of(ended, "SUCCEEDED")) == 2)
    assert [outside.starts(spec) for spec in (theirs, ended)] == [1, 1]


async def test_what_another_platform_takes_over_it_goes_on_with(lives: Lives, outside: Outside):
    spec = outside.waits("n0", outputs=SEVEN)
    async with lives.begin() as here, lives.begin(platform="there") as there:
        await here.until_it_runs(spec)
        await there.until_it_runs(spec)
        here.executor.release([spec.id])
        async with lives.begin(platform="beyond"):
            await here.executor.reconcile([], owner="here")
        await here.run(outside.succeeds("ours"))
        outside.finish(spec)
        await there.until(lambda: there.has_ended(spec))
        assert there.end_of(spec).outputs == SEVEN
        assert here.phases(spec) == ["RUNNING"]
    assert outside.starts(spec) == (1 if outside.hands_over else 2)


async def test_an_end_stays_for_the_platform_that_takes_over(lives: Lives, outside: Outside):
    spec = outside.succeeds("n0", outputs=SEVEN)
    async with lives.begin() as here:
        await here.run(spec)
        here.executor.release([spec.id])
    async with lives.begin(spec, platform="there") as there:
        await there.until(lambda: there.has_ended(spec))
        assert there.end_of(spec).outputs == SEVEN
    assert outside.starts(spec) == (1 if outside.shares_results else 2)


async def test_a_cancellation_counts_whoever_submitted_the_attempt(lives: Lives, outside: Outside):
    if not outside.hands_over:
        pytest.skip("its platforms share no attempts")
    spec = outside.waits("n0")
    async with lives.begin() as here, lives.begin(platform="there") as there:
        await here.until_it_runs(spec)
        there.executor.cancel(spec.id)
        await asyncio.to_thread(eventually, lambda: not outside.runs(spec))
