"""A modest number of worlds of backfills; `python -m tests.simulation.backfills 2000` is for the rest."""

from __future__ import annotations

import pytest
from tests.simulation.backfills import BackfillsWorld
from tests.simulation.schedules import simulate

SEEDS = 60


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_whatever_fails_each_slot_is_run_once_and_never_too_many_at_once(first: int) -> None:
    for seed in range(first, first + 20):
        world = simulate(seed, BackfillsWorld)
        assert not world.violations, f"seed {seed}: {world.faults}\n" + "\n".join(world.violations)
