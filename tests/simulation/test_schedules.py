"""A modest number of worlds of schedules; `python -m tests.simulation.schedules 2000` is for the rest."""

from __future__ import annotations

import pytest
from tests.simulation.schedules import simulate

SEEDS = 60


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_whatever_fails_each_slot_starts_one_run_or_is_told_as_skipped(first: int) -> None:
    for seed in range(first, first + 20):
        world = simulate(seed)
        assert not world.violations, f"seed {seed}: {world.faults}\n" + "\n".join(world.violations)
