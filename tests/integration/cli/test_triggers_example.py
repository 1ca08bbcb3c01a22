"""`examples/triggers` does what it says: signed messages start runs, and the ends of these start others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[3] / "examples/triggers/demo.sh"


def test_an_order_is_invoiced_and_one_that_fails_is_noted(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALULA_", "FLYTE"))}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    environment = {**kept, "PATH": path, "ALULA_DATA": str(tmp_path / "data")}
    done = subprocess.run([DEMO], env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert [line[:3] for line in told.splitlines() if line[:4] in ("200 ", "401 ", "409 ")] == [
        "200",
        "200",
        "401",
        "409",
    ]
    (first, _) = re.findall(r'^200 .*"name":"(\w+)"', told, re.MULTILINE)
    assert f"has started {first}" in told and "BadSignature" in told
    assert re.search(rf"STARTED +{first} +message order-1", told)
    assert f"triggered by:    run flytesnacks/development/{first} ended: SUCCEEDED" in told
    assert f"outputs: o0: {first}: 8.00" in told
    assert f"The run was started by a trigger: run flytesnacks/development/{first} ended: SUCCEEDED." in told
