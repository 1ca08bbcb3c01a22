"""`examples/scheduling` does what it says: a schedule, a backfill, and a mail about the day that failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[3] / "examples/scheduling/demo.sh"


def test_days_are_made_up_for_and_the_one_that_failed_is_told_by_mail(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALULA_", "FLYTE"))}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    environment = {**kept, "PATH": path, "ALULA_DATA": str(tmp_path / "data")}
    done = subprocess.run([DEMO], env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert "daily_report" in told and "already there" not in told
    assert "6 succeeded, 1 failed" in told and "not all days have a report" in told
    assert told.count("FAILED     f") == 1
    days_9 = next(line.split() for line in told.splitlines() if line.startswith("days-9") and "SUCCEEDED" in line)
    assert days_9[-2:] == ["2", "7"]
    subject = "Subject: FAILED: execution flytesnacks/development/"
    assert told.count(subject) == 1 and "there are no figures for Sunday, 2026-01-04" in told
