"""A defect that is put into a copy of the source, and where the parts of the source are."""

from __future__ import annotations

from typing import NamedTuple

CORE, RUNNER = "src/alula/core", "src/alula/server/runner"
ENGINE, MACHINES = f"{CORE}/engine", f"{CORE}/engine/machines"
SERVER, MEMORY = "src/alula/server", "src/alula/server/stores/memory"
CLUSTER = "tests/attempts/cluster.py"
SCHEDULER, SCHEDULES = "src/alula/server/scheduler", "tests.simulation.schedules"
BACKFILLS = "tests.simulation.backfills"
TRIGGERS = "tests.simulation.triggers"
WORLDS = (SCHEDULES, BACKFILLS, TRIGGERS)
"""Modules of worlds of their own."""
HEARTBEAT = "tests/unit/server/runner/test_heartbeat.py"
FAULTS = "tests/unit/server/runner/test_store_faults.py"
RUNS = "tests/unit/server/runner/test_runner.py"
CLAIMS = "tests/contract/executor/test_claims.py"
PODS = "tests/unit/server/executors/kubernetes/test_claims.py"
KUBERNETES, CONTAINERS = f"{SERVER}/executors/kubernetes", f"{SERVER}/executors/container"


class Mutant(NamedTuple):
    name: str
    file: str
    text: str
    instead: str
    tests: str = ""
    """The tests that catch it, where the simulated worlds give it no occasion to do harm; or the module of other
    worlds, which do."""
