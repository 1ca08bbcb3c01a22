"""How attempts run and end, as every executor reports it."""

from __future__ import annotations

import msgspec
import pytest
from flyteidl.core import literals_pb2
from tests.attempts.specs import literal_map
from tests.contract.executor.outside import Lives, Outside

from alula.core.literals.offloading import OffloadRule
from alula.core.policy.resources import Amounts, Resources
from alula.server.executor import AttemptSpec

pytestmark = pytest.mark.anyio
SEVEN = literal_map(o0=7).SerializeToString()


async def test_an_attempt_runs_and_succeeds_with_what_it_gives(lives: Lives, outside: Outside):
    spec = outside.succeeds("n0", outputs=SEVEN)
    async with lives.begin() as life:
        end = await life.run(spec)
        assert life.phases(spec) == ["RUNNING", "SUCCEEDED"]
        assert (end.outputs, end.futures, end.error) == (SEVEN, None, None)
        running = life.of(spec, "RUNNING")[0]
        assert running.where
        assert 0 < running.at <= end.at
    assert outside.starts(spec) == 1


async def test_an_attempt_that_gives_nothing_has_empty_outputs(lives: Lives, outside: Outside):
    async with lives.begin() as life:
        assert (await life.run(outside.succeeds("n0"))).outputs == b""


@pytest.mark.parametrize("how", ["fails", "dies"])
async def test_an_attempt_that_fails_says_why(lives: Lives, outside: Outside, how: str):
    spec: AttemptSpec = getattr(outside, how)("n0")
    async with lives.begin() as life:
        end = await life.run(spec)
        assert life.phases(spec) == ["RUNNING", "FAILED"]
        assert end.outputs is None
        assert end.error is not None
        assert end.error.code
        assert end.error.message


async def test_an_attempt_runs_until_it_ends(lives: Lives, outside: Outside):
    spec = outside.waits("n0", outputs=SEVEN)
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        await life.run(outside.succeeds("n1"))
        assert life.phases(spec) == ["RUNNING"]
        outside.finish(spec)
        await life.until(lambda: life.has_ended(spec))
        assert life.end_of(spec).outputs == SEVEN


async def test_many_attempts_each_end_once_whatever_becomes_of_others(lives: Lives, outside: Outside):
    good = [outside.succeeds(f"good{i}") for i in range(10)]
    bad = [outside.fails(f"bad{i}") for i in range(5)] + [outside.dies(f"dead{i}") for i in range(5)]
    async with lives.begin() as life:
        for spec in (*good, *bad):
            life.executor.submit(spec)
        await life.until(lambda: all(life.has_ended(spec) for spec in (*good, *bad)))
        assert [life.phases(spec) for spec in good] == [["RUNNING", "SUCCEEDED"]] * 10
        assert [life.phases(spec) for spec in bad] == [["RUNNING", "FAILED"]] * 10


@pytest.mark.parametrize(
    "odd",
    [
        {"resources": Resources(Amounts(cpu_millicores=-1))},
        {"resources": Resources(Amounts(memory_bytes=-1))},
        {"environment": {"A\0B": "x"}},
        {"environment": {"A": "x\0y"}},
    ],
    ids=str,
)
async def test_what_can_not_run_is_a_failure_of_that_attempt_alone(lives: Lives, outside: Outside, odd: dict):
    before, after = outside.waits("before"), outside.succeeds("after")
    hostile = [msgspec.structs.replace(outside.succeeds(f"odd{i}"), **odd) for i in range(3)]
    async with lives.begin() as life:
        await life.until_it_runs(before)
        for spec in hostile:
            end = await life.run(spec)
            assert life.phases(spec)[-1:] == ["FAILED"]
            assert end.error is not None
        assert (await life.run(after)).phase == "SUCCEEDED"
        outside.finish(before)
        await life.until(lambda: life.has_ended(before))
        assert life.end_of(before).phase == "SUCCEEDED"
    assert [outside.starts(spec) for spec in hostile] == [0] * 3


async def test_what_can_not_run_keeps_nothing_else_from_being_adopted(lives: Lives, outside: Outside):
    less_than_nothing = Resources(Amounts(cpu_millicores=-1))
    odd = msgspec.structs.replace(outside.succeeds("odd"), resources=less_than_nothing)
    good = outside.succeeds("good")
    async with lives.begin(odd, good) as life:
        await life.until(lambda: life.has_ended(odd) and life.has_ended(good))
        assert (life.end_of(odd).phase, life.end_of(good).phase) == ("FAILED", "SUCCEEDED")


async def test_outputs_that_are_too_large_are_reported_as_references(lives: Lives, outside: Outside):
    spec = msgspec.structs.replace(outside.succeeds("n0", outputs=SEVEN), offload=OffloadRule("/values", 1))
    async with lives.begin() as life:
        end = await life.run(spec)
    [aside] = end.asides
    literal = literals_pb2.LiteralMap.FromString(end.outputs or b"").literals["o0"]
    assert literal.offloaded_metadata.uri == aside.uri
    assert literals_pb2.Literal.FromString(aside.data) == literal_map(o0=7).literals["o0"]
