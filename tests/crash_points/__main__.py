"""Hit every point: `python -m tests.crash_points`. Exit status 1 when a run did not come to its end."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.crash_points.suite import hit_points

with tempfile.TemporaryDirectory(prefix="alula-crash-") as folder:
    report = hit_points(Path(folder), every=True, tell=lambda text: print(text, flush=True))
for effect, count in report.effects.items():
    print(f"{count:5} {effect}")
print(report)
sys.exit(1 if report.failed else 0)
