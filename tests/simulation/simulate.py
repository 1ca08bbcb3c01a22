"""Running one seed, and saying how to run it again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random

from tests.simulation import virtual_time
from tests.simulation.faults import Faults, draw
from tests.simulation.host import task_factory
from tests.simulation.world import World


@dataclass(frozen=True)
class Report:
    seed: int
    faults: Faults
    violations: list[str]
    notes: list[str]
    """What happened, in order, each line with its virtual time."""
    executions: int
    attempts: int
    virtual_s: float

    @property
    def replay(self) -> str:
        return f"make simulate SEEDS=1 FROM={self.seed}"

    def __str__(self) -> str:
        found = "\n  ".join(self.violations)
        return f"seed {self.seed}: {self.faults}\n  {found}\nReplay it with: {self.replay}"


def simulate(seed: int, faults: Faults | None = None) -> Report:
    """One world from its beginning to its end. The same seed gives the same report."""
    faults = faults or draw(Random(f"faults-{seed}"))
    world: World | None = None
    virtual_s = 0.0

    async def live() -> None:
        nonlocal world, virtual_s
        loop = asyncio.get_running_loop()
        loop.set_task_factory(task_factory)
        world = World(seed, faults)
        await world.run()
        virtual_s = loop.time()

    virtual_time.run(live())
    assert world is not None
    return Report(
        seed,
        faults,
        world.violations,
        world.notes,
        len(world.store.runs),
        world.ledger.starts.total(),
        virtual_s,
    )
