"""A modest number of seeds with every run of the tests; `make simulate SEEDS=100000` is for the rest."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from tests.simulation.faults import Faults, draw
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.simulate import simulate

ROOT = Path(__file__).parents[2]
CALM, FAULTY = 50, 200
RECORDED = (
    10047867,  # a clock jumps by a day while a runner begins that can't start, and the next one goes by its own
    10049549,  # a child begins while its parent ends, on a host that has set its clock back by weeks
    90000537,  # a gate that a fork asks again, and one with the same question whose answer the fork takes over
)
"""Seeds far from the first ones that a change has to go by, each with what is rare in it. Each host has an executor of
its own there."""


@pytest.mark.parametrize("first", range(0, FAULTY, 25))
def test_whatever_fails_every_execution_comes_to_the_end_that_it_would_have_had(first: int) -> None:
    for seed in range(first, first + 25):
        report = simulate(seed)
        assert not report.violations, str(report)


@pytest.mark.parametrize("seed", RECORDED)
def test_what_is_rare_comes_to_its_end_too(seed: int) -> None:
    report = simulate(seed, replace(draw(Random(f"faults-{seed}")), shared=False, object_fails=0.0, object_stalls=0.0))
    assert not report.violations, str(report)


def test_without_faults_every_execution_ends_as_its_workflow_says() -> None:
    for seed in range(CALM):
        report = simulate(seed, Faults(shared=seed % 2 == 1, hosts=1 + seed % 2))
        assert not report.violations, str(report)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_to_the_source(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text()
    assert source.count(mutant.text) == 1
    ast.parse(source.replace(mutant.text, mutant.instead))


def test_a_seed_is_the_same_in_every_process() -> None:
    program = (
        "from tests.simulation.simulate import simulate\n"
        "for seed in (*range(7, 12), 984, 20031, 20033, 20063): print('\\n'.join(simulate(seed).notes))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1] and len(told[0].splitlines()) > 10
