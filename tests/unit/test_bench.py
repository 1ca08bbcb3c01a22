"""The measurements run: their platform is put together by hand, beside that of `alula up`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.console.points import HELD

ROOT = Path(__file__).parents[2]


def test_a_run_in_the_process_of_the_bench_comes_to_its_end() -> None:
    command = [sys.executable, "-m", "bench.size", "--one", "array", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Created, claimed; of each item that it started and succeeded.
    assert json.loads(done.stdout)["events"] == 8


def test_points_of_the_console_name_tests_that_are_there() -> None:
    for test in (test for held in HELD for test in held.tests):
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text() if name else (ROOT / file).is_file(), test
