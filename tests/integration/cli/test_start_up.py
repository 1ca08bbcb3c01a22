"""A short run starts fast: what it does not need is not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HELLO = Path(__file__).parents[3] / "examples" / "hello.py"
PROGRAM = """
import sys
from alula.cli.main import main
try:
    main(["run", sys.argv[1], "hello"])
finally:
    print(" ".join(sys.modules), file=sys.stderr)
"""
HEAVY = ("grpc", "rich", "asyncio", "yaml", "pandas", "pydantic", "ssl", "http.client", "alula.server", "sqlalchemy")


def test_a_local_run_loads_nothing_that_it_does_not_need(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(HELLO)],
        capture_output=True,
        text=True,
        check=True,
        env={"ALULA_DATA": str(tmp_path), "PATH": ""},
    )
    assert result.stdout == "Hello, world!\n"
    loaded = set(result.stderr.split())
    assert [name for name in HEAVY if name in loaded] == []
