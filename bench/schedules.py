"""What 10,000 active schedules cost a platform: how late runs are launched, and what it takes while nothing is due.

    make bench-schedules                                       10,000 schedules, 200 of them due each second
    make bench-schedules SCHEDULES="--schedules 1000"          so many

The platform is a real one, in a process of its own. First no schedule is due: its CPU time is measured. Then each of
them fires once, so many each second, and starts a run that waits at a gate. The lag of a fire is from the time that the
schedule names to the time at which its run has started.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from flyteidl.admin import launch_plan_pb2, schedule_pb2
from flyteidl.core import identifier_pb2, workflow_pb2

from alula.server.services.activation import update_launch_plan
from alula.server.services.platform import Platform
from alula.server.services.register import create_launch_plan
from bench import in_process
from bench.in_process import ADA, identifier
from bench.measure import environment
from bench.report import aligned

AT_ONCE = 200
LEAD_S = 10.0
"""The time from the start of a platform to the first fire."""
POLL_S = 0.5
TIMEOUT_S = 600.0
DAY_US = 24 * 3600 * 1_000_000


class Idle(NamedTuple):
    """A platform on which nothing is due."""

    cpu_percent: float
    """Of one core."""
    memory_mb: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.schedules", description=__doc__ and __doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=10_000, help="active schedules (default 10,000)")
    parser.add_argument("--per-second", type=int, default=200, metavar="N", help="fires in a second (default 200)")
    parser.add_argument("--idle", type=float, default=20.0, metavar="S", help="time without fires (default 20 s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        print(f"registering {options.schedules} launch plans", file=sys.stderr, flush=True)
        asyncio.run(_make(data, options.schedules))
        idle = _idle(data, options.idle)
        lags, cpu_s = _fires(data, options.per_second)
    lags.sort()
    rows = [
        ("schedules", "idle, % of a core", "resident, MB", "lag, ms: median", "p99", "most", "CPU a fire, ms"),
        (
            f"{options.schedules:,}",
            f"{idle.cpu_percent:.2f}",
            f"{idle.memory_mb:.0f}",
            *(f"{1000 * lag:.0f}" for lag in (statistics.median(lags), lags[len(lags) * 99 // 100], lags[-1])),
            f"{1000 * cpu_s / len(lags):.1f}",
        ),
    ]
    print(f"{len(lags):,} fires, {options.per_second} a second. {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.")
    print(aligned(rows))
    return 0


def _idle(data: Path, for_s: float) -> Idle:
    """What a platform takes while no schedule is due."""
    process = _start(data)
    try:
        time.sleep(LEAD_S)
        before_s, began = _cpu_s(process.pid), time.monotonic()
        time.sleep(for_s)
        cpu_s = _cpu_s(process.pid) - before_s
        return Idle(100 * cpu_s / (time.monotonic() - began), _resident_mb(process.pid))
    finally:
        process.kill()
        process.wait()


def _fires(data: Path, per_second: int) -> tuple[list[float], float]:
    """The lag of each fire in seconds, and the CPU time from the first one to the last run."""
    with closing(sqlite3.connect(data / "alula.sqlite")) as database:
        plans = [name for (name,) in database.execute("SELECT name FROM schedules ORDER BY name")]
        first = in_process.now() + round(LEAD_S * 1_000_000)
        due = {name: first + number * 1_000_000 // per_second for number, name in enumerate(plans)}
        rows = [(at - DAY_US, at - DAY_US, at, name) for name, at in due.items()]
        database.executemany("UPDATE schedules SET since = ?, followed_until = ?, due_at = ? WHERE name = ?", rows)
        database.commit()
    process = _start(data)
    try:
        time.sleep(max(0.0, (first - in_process.now()) / 1_000_000))
        before_s, until = _cpu_s(process.pid), time.monotonic() + TIMEOUT_S
        while len(started := _started(data)) < len(due):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{len(started)} of {len(due)} runs have started (status {process.returncode})")
            time.sleep(POLL_S)
        return [(at - due[name]) / 1_000_000 for name, at in started], _cpu_s(process.pid) - before_s
    finally:
        process.kill()
        process.wait()


def _started(data: Path) -> list[tuple[str, int]]:
    """The launch plan and the start of each run."""
    with closing(sqlite3.connect(f"file:{data / 'alula.sqlite'}?mode=ro", uri=True)) as database:
        return database.execute("SELECT launch_plan_name, started_at FROM executions WHERE started_at > 0").fetchall()


def _start(data: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from alula.cli.main import main; main()", "up", "--data", str(data)]
    return subprocess.Popen(
        [*command, "--grpc-port", "0", "--http-port", "0"], stdout=subprocess.DEVNULL, env=environment()
    )


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _cpu_s(pid: int) -> float:
    """The CPU time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _make(data: Path, schedules: int) -> None:
    """Make a data folder with so many active schedules. The first is due a long time from now."""
    store, _, platform, runner = await in_process.start(data, in_process.InstantExecutor())
    await runner.stop()
    gate = workflow_pb2.Node(id="n0")
    gate.gate_node.approve.signal_id = "go"
    await in_process.register(platform, "scheduled", {}, [gate], [])
    for first in range(0, schedules, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, schedules))
        await asyncio.gather(*(_activate(platform, number) for number in numbers))
    await store.stop()


async def _activate(platform: Platform, number: int) -> None:
    id = identifier(identifier_pb2.LAUNCH_PLAN, f"plan-{number}")
    spec = launch_plan_pb2.LaunchPlanSpec(workflow_id=identifier(identifier_pb2.WORKFLOW, "scheduled"))
    spec.entity_metadata.schedule.rate.CopyFrom(schedule_pb2.FixedRate(value=1, unit=schedule_pb2.DAY))
    await create_launch_plan(platform, ADA, launch_plan_pb2.LaunchPlanCreateRequest(id=id, spec=spec))
    update = launch_plan_pb2.LaunchPlanUpdateRequest(id=id, state=launch_plan_pb2.ACTIVE)
    await update_launch_plan(platform, ADA, update)


if __name__ == "__main__":
    sys.exit(main())
