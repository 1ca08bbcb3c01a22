"""What an owner asks for that has lost the execution changes nothing.

Attempts that platforms do not share need no claim: they are of one owner, and end with it. The protocol of connectors
has no place for one.
"""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.attempts.harness import eventually
from tests.attempts.specs import literal_map
from tests.contract.executor.outside import Life, Lives, Outside

from alula.server.executor import AttemptSpec

pytestmark = pytest.mark.anyio
SEVEN = literal_map(o0=7).SerializeToString()


@pytest.fixture(autouse=True)
def claims(outside: Outside) -> None:
    if not outside.keeps_claims:
        pytest.skip("its platforms share no attempts, or it has no place for a claim")


def under(claim: int, spec: AttemptSpec) -> AttemptSpec:
    return msgspec.structs.replace(spec, claim=claim)


async def goes_on(life: Life, spec: AttemptSpec, outside: Outside) -> None:
    outside.finish(spec)
    await life.until(lambda: life.has_ended(spec))
    assert life.phases(spec) == ["RUNNING", "SUCCEEDED"]
    assert life.end_of(spec).outputs == SEVEN
    assert outside.starts(spec) == 1


async def test_what_a_greater_claim_has_is_not_taken_back(lives: Lives, outside: Outside):
    spec = outside.waits("n0", outputs=SEVEN)
    async with lives.begin() as here, lives.begin(platform="there") as there:
        await here.until_it_runs(under(1, spec))
        await there.until_it_runs(under(2, spec))
        here.executor.release([spec.id])
        here.executor.submit(under(1, spec))
        await here.until(lambda: here.of(spec, "TAKEN"))
        assert here.of(spec, "TAKEN")[-1].claim == 2
        async with lives.begin():
            await here.executor.reconcile([], owner="here")
        await goes_on(there, spec, outside)
        assert here.phases(spec) == ["RUNNING", "TAKEN"]


async def test_what_is_taken_is_taken_for_the_next_life_too(lives: Lives, outside: Outside):
    spec = outside.waits("n0", outputs=SEVEN)
    async with lives.begin(crashes=True) as here:
        await here.until_it_runs(under(1, spec))
    async with lives.begin(platform="there") as there:
        await there.until_it_runs(under(2, spec))
        async with lives.begin(under(1, spec)) as here:
            await here.until(lambda: here.of(spec, "TAKEN"))
        await goes_on(there, spec, outside)


async def test_a_cancellation_under_a_smaller_claim_is_overlooked(lives: Lives, outside: Outside):
    spec, later = outside.waits("n0", outputs=SEVEN), outside.succeeds("n1")
    async with lives.begin() as here, lives.begin(platform="there") as there:
        await here.until_it_runs(under(1, spec))
        await there.until_it_runs(under(2, spec))
        here.executor.cancel(spec.id, claim=1)
        await here.run(under(1, later))
        await goes_on(there, spec, outside)


@pytest.mark.parametrize("claim", [0, 2, 3], ids=["none", "the same", "a greater one"])
async def test_any_other_cancellation_counts(lives: Lives, outside: Outside, claim: int):
    spec = outside.waits("n0")
    async with lives.begin() as here, lives.begin(platform="there") as there:
        await here.until_it_runs(under(2, spec))
        there.executor.cancel(spec.id, claim=claim)
        await asyncio.to_thread(eventually, lambda: not outside.runs(spec))


async def test_an_owner_that_claims_again_has_it_back(lives: Lives, outside: Outside):
    spec = outside.waits("n0", outputs=SEVEN)
    async with lives.begin() as here, lives.begin(platform="there") as there:
        await here.until_it_runs(under(1, spec))
        await there.until_it_runs(under(2, spec))
        here.executor.release([spec.id])
        here.executor.submit(under(3, spec))
        await here.until(lambda: len(here.of(spec, "RUNNING")) == 2)
        there.executor.release([spec.id])
        there.executor.submit(under(2, spec))
        await there.until(lambda: there.of(spec, "TAKEN"))
        outside.finish(spec)
        await here.until(lambda: here.has_ended(spec))
        assert here.end_of(spec).outputs == SEVEN
    assert outside.starts(spec) == 1
