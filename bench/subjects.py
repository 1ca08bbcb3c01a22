"""What is measured: Alula and its peers, each with what it takes to run it once.

A subject's `measure` does one repetition and gives figures by name, times in seconds. Peers live in virtual
environments of their own beside the project's, made on first use with pinned versions.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import environment, free_port, probe, scratch_folder, server, wall_s

ROOT = Path(__file__).resolve().parent.parent
PROBES = Path(__file__).resolve().parent / "probes"
BIN = Path(sys.executable).parent

Figures = dict[str, float]


@dataclass(frozen=True)
class Subject:
    """One column of the table."""

    name: str
    title: str
    measure: Callable[[], Figures]
    requirements: tuple[str, ...] = ()
    """Of a peer: what its environment is made of."""


def alula_local() -> Figures:
    figures = {
        "import_s": wall_s([sys.executable, "-c", "from alula import task, workflow"]),
        "facade_s": wall_s([sys.executable, "-c", "import alula"]),
        "hello_s": wall_s([str(BIN / "alula"), "run", str(PROBES / "hello.py"), "hello"]),
    }
    for script in ("alula_local.py", "alula_compile.py"):
        figures |= probe([sys.executable, script], cwd=PROBES)
    return figures


def alula_server() -> Figures:
    data = scratch_folder("alula-bench-")
    grpc, http = free_port(), free_port()
    command = [str(BIN / "alula"), "up", "--data", data, "--grpc-port", str(grpc), "--http-port", str(http)]
    with server(command, f"http://127.0.0.1:{http}/healthcheck") as figures:
        return figures | probe([sys.executable, "alula_server.py"], env={"ALULA_DATA": data}, cwd=PROBES)


def prefect() -> Figures:
    python = peer_python("prefect")
    home = scratch_folder("prefect-bench-")
    port = free_port()
    env = {
        "PREFECT_HOME": home,
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    start = [str(python.parent / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with server(start, f"http://127.0.0.1:{port}/api/health", env=env) as figures:
        figures["import_s"] = wall_s([str(python), "-c", "from prefect import flow, task"], env=env)
        figures["hello_s"] = wall_s([str(python), str(PROBES / "prefect_hello.py")], env=env)
        return figures | probe([str(python), "prefect_flow.py"], env=env, cwd=PROBES)


def dagster() -> Figures:
    python = peer_python("dagster")
    home = scratch_folder("dagster-bench-")
    Path(home, "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    port = free_port()
    env = {"DAGSTER_HOME": home}
    script = str(PROBES / "dagster_hello.py")
    start = [str(python.parent / "dagster-webserver"), "-f", script, "-h", "127.0.0.1", "-p", str(port)]
    with server(start, f"http://127.0.0.1:{port}/server_info", env=env, cwd=Path(home)) as figures:
        pass
    figures["import_s"] = wall_s([str(python), "-c", "from dagster import job, op"], env=env)
    execute = [str(python.parent / "dagster"), "job", "execute", "-f", script, "-j", "hello"]
    figures["hello_s"] = wall_s(execute, env=env, cwd=Path(home))
    return figures | probe([str(python), "dagster_job.py"], env=env, cwd=PROBES)


SUBJECTS = (
    Subject("local", "Alula local", alula_local),
    Subject("server", "Alula server", alula_server),
    # The newest FastAPI breaks this Prefect.
    Subject("prefect", "Prefect 3.8.8", prefect, ("prefect==3.8.8", "fastapi>=0.139,<0.145")),
    Subject("dagster", "Dagster 1.13.27", dagster, ("dagster==1.13.27", "dagster-webserver==1.13.27")),
)


def peer_python(name: str) -> Path:
    return ROOT / f".venv-bench-{name}" / "bin" / "python"


def install(subject: Subject) -> str:
    """Make the environment of a peer, where it is not there yet. Empty, or why it can't be had."""
    python = peer_python(subject.name)
    done = python.parent.parent / ".done"
    if not subject.requirements or (done.exists() and done.read_text() == _stamp(subject.requirements)):
        return ""
    uv = str(BIN / "uv")
    commands = (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(python.parent.parent)],
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *subject.requirements],
    )
    for command in commands:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
        if ended.returncode:
            return ended.stderr.strip() or f"{' '.join(command)} ended with {ended.returncode}"
    done.write_text(_stamp(subject.requirements))
    return ""


def _stamp(requirements: Sequence[str]) -> str:
    return os.linesep.join((*requirements, sys.version))
