"""A modest number of worlds of triggers; `python -m tests.simulation.triggers 2000` is for the rest."""

from __future__ import annotations

import pytest
from tests.simulation.schedules import simulate
from tests.simulation.triggers import TriggersWorld

SEEDS = 80


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_whatever_fails_each_end_of_a_run_fires_once_what_waits_for_it(first: int) -> None:
    for seed in range(first, first + 20):
        world = simulate(seed, TriggersWorld)
        assert not world.violations, f"seed {seed}: {world.faults}\n" + "\n".join(world.violations)
