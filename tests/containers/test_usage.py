"""What containers of a real runtime use."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.attempts.harness import eventually
from tests.attempts.specs import filling
from tests.containers.boxes import Boxes
from tests.contract.executor.outside import Lives
from tests.present import present

from alula.core.engine.usage import Usage

pytestmark = pytest.mark.anyio
MIB = 1 << 20


async def test_a_container_tells_its_own_figures_while_it_runs_and_at_its_end(
    lives: Lives, boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alula.server.executors.container.used.EVERY_S", 0.05)
    monkeypatch.setattr("alula.server.executors.container.used.LOOKS_LEAST", 1)
    does = f"{filling(50 * MIB)}\nuntil [ -e {{{{.outputPrefix}}}}/finish ]; do sleep 0.05; done"
    spec = boxes.script("n0", does)

    def is_seen() -> bool:
        memory = (life.executor.usage(spec.id) or Usage()).peak_memory_bytes
        return memory is not None and memory.value >= 50 * MIB

    async with lives.begin() as life:
        await life.until_it_runs(spec)
        await asyncio.to_thread(eventually, is_seen)
        boxes.finish(spec)
        await life.until(lambda: life.has_ended(spec))
        usage = present(life.end_of(spec).usage)
    assert present(usage.cpu_us).value > 1000
    assert msgspec.structs.astuple(present(usage.cpu_us))[1:3] == ("cgroup", "at_least")
    assert 50 * MIB <= present(usage.peak_memory_bytes).value < 160 * MIB  # the shell doubles it, and so has it twice
    assert present(usage.peak_memory_bytes).accuracy == "sampled"
    assert usage.written_bytes is None


async def test_of_a_container_that_was_over_at_once_nothing_is_known(lives: Lives, boxes: Boxes) -> None:
    spec = boxes.succeeds("n0")
    async with lives.begin() as life:
        assert (await life.run(spec)).usage is None
