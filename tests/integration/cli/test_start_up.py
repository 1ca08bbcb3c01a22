"""What is not needed is not loaded: a short run starts fast, and a platform is small."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

HELLO = Path(__file__).parents[3] / "examples" / "hello.py"
PROGRAM = """
import sys
from alula.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(" ".join(sys.modules), file=sys.stderr)
"""
HEAVY = ("grpc", "rich", "asyncio", "yaml", "pandas", "pydantic", "ssl", "http.client", "alula.server", "sqlalchemy")
RARE = (
    "smtplib",
    "urllib.request",
    "difflib",
    "webbrowser",
    "alembic",
    "psycopg",
    "obstore",
    "prometheus_client",
    "rich",
    "starlette.applications",
    "google.protobuf.json_format",
    "alula.server.api.http",
    "alula.server.api.grpc.server",
)
"""Loaded by a platform whose settings or callers ask for it."""


def test_a_local_run_loads_nothing_that_it_does_not_need(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, "run", str(HELLO), "hello"],
        capture_output=True,
        text=True,
        check=True,
        env={"ALULA_DATA": str(tmp_path), "PATH": ""},
    )
    assert result.stdout == "Hello, world!\n"
    loaded = set(result.stderr.split())
    assert [name for name in HEAVY if name in loaded] == []


def test_a_platform_loads_nothing_that_few_platforms_need(tmp_path):
    command = [
        sys.executable,
        "-u",
        "-c",
        PROGRAM,
        "up",
        "--data",
        str(tmp_path),
        "--grpc-port",
        "0",
        "--http-port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as platform:
        assert platform.stdout is not None
        ready = platform.stdout.readline()
        assert "is ready" in ready
        with urllib.request.urlopen(f"{ready.split('HTTP ')[1].split(',')[0]}/healthcheck", timeout=30) as health:
            assert health.read() == b"ok"
        platform.terminate()
        loaded = set(platform.communicate()[1].split())
    assert [name for name in RARE if name in loaded] == []
    assert "sqlalchemy" in loaded
