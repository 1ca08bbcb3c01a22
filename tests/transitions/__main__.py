"""Which transitions of the engine are covered: `python -m tests.transitions [--seeds N]`.

Runs the engine's tests, the recorded logs and N simulated worlds with a recorder beside them. Exit status 1 when a
transition of the table was not seen, or one was seen that is not in the table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest
from tests.simulation.simulate import simulate
from tests.transitions.recorder import Recorder
from tests.transitions.table import all_transitions

ROOT = Path(__file__).parents[2]
TESTS = ("tests/unit/core/engine", "tests/replay")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.transitions", description=__doc__)
    parser.add_argument("--seeds", type=int, default=0, help="simulated worlds to look at, too")
    parser.add_argument("--counts", action="store_true", help="how often each transition was seen")
    options = parser.parse_args()
    recorder = Recorder()
    with recorder.looking_on():
        status = pytest.main(["-q", "-p", "no:cacheprovider", *(str(ROOT / each) for each in TESTS)])
        for seed in range(options.seeds):
            simulate(seed)
    table, seen = all_transitions(), recorder.seen.keys()
    for transition in sorted(table | seen, key=str):
        told = "NOT COVERED" if transition not in seen else "NOT IN THE TABLE" if transition not in table else ""
        if told or options.counts:
            machine, before, comes, after = transition
            print(f"{recorder.seen[transition]:8} {machine}: {before} -- {comes} -> {after} {told}")
    print(f"{len(table & seen)} of {len(table)} transitions covered, {len(seen - table)} not in the table")
    return int(status or table != seen)


if __name__ == "__main__":
    sys.exit(main())
