"""What attempts have used, as every executor reports it with their ends: figures of their own, or none."""

from __future__ import annotations

import pytest
from tests.contract.executor.outside import Lives, Outside

from alula.core.engine.usage import Usage
from alula.server.executor import AttemptSpec

pytestmark = pytest.mark.anyio
MIB = 1 << 20


async def used(lives: Lives, *specs: AttemptSpec) -> list[Usage]:
    """What each has used, of several that run at once."""
    async with lives.begin() as life:
        for spec in specs:
            life.executor.submit(spec)
        await life.until(lambda: all(life.has_ended(spec) for spec in specs))
        return [life.end_of(spec).usage or Usage() for spec in specs]


async def test_time_on_a_cpu_is_that_of_the_attempt(lives: Lives, outside: Outside) -> None:
    busy, idle = await used(lives, outside.burns("n0", cpu_s=0.3), outside.succeeds("n1"))
    assert busy.cpu_us is None or 300_000 <= busy.cpu_us.value < 3_000_000
    assert idle.cpu_us is None or idle.cpu_us.value < 200_000


async def test_memory_is_that_of_the_attempt(lives: Lives, outside: Outside) -> None:
    large, larger, little = await used(
        lives,
        outside.holds("n0", memory_bytes=50 * MIB),
        outside.holds("n1", memory_bytes=100 * MIB),
        outside.succeeds("n2"),
    )
    assert large.peak_memory_bytes is None or 50 * MIB <= large.peak_memory_bytes.value < 75 * MIB
    assert larger.peak_memory_bytes is None or 100 * MIB <= larger.peak_memory_bytes.value < 125 * MIB
    assert little.peak_memory_bytes is None or little.peak_memory_bytes.value < 25 * MIB


async def test_written_bytes_are_those_of_the_attempt(lives: Lives, outside: Outside) -> None:
    much, little = await used(lives, outside.writes("n0", written_bytes=10 * MIB), outside.succeeds("n1"))
    assert much.written_bytes is None or 10 * MIB <= much.written_bytes.value < 15 * MIB
    assert little.written_bytes is None or little.written_bytes.value < MIB


async def test_a_failure_has_its_usage_too(lives: Lives, outside: Outside) -> None:
    for usage in await used(lives, outside.fails("n0"), outside.dies("n1")):
        assert usage.cpu_us is None or 0 < usage.cpu_us.value < 1_000_000


async def test_what_runs_has_its_usage_so_far(lives: Lives, outside: Outside) -> None:
    spec = outside.waits("n0")
    async with lives.begin() as life:
        assert life.executor.usage(spec.id) is None
        await life.until_it_runs(spec)
        so_far = life.executor.usage(spec.id)
        assert so_far is None or so_far.cpu_us is None or 0 <= so_far.cpu_us.value < 1_000_000
        outside.finish(spec)
        await life.until(lambda: life.has_ended(spec))
        assert life.executor.usage(spec.id) is None
