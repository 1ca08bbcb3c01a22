"""How long a platform that was killed takes to go on: from the start of `alula up` until it hands on the first attempt.

    make bench-restart                          with 1, 1,000 and 10,000 open runs
    make bench-restart RESTART="--runs 10000"   with so many only

Each open run has had one task and waits at a gate; one more has an attempt that was decided and not handed to the
executor when the platform died. That it is handed on is seen from outside, by the folder that is made for its results.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from flyteidl.core import workflow_pb2

from alula.core.ids import AttemptId, ExecutionId
from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec
from alula.server.services import layout
from alula.server.services.platform import Platform
from alula.server.stores.sql.adapter import SqlStore
from bench import in_process
from bench.in_process import DOMAIN, INTEGER, PROJECT, task
from bench.measure import environment
from bench.report import aligned, spread

LAST = "last"
AT_ONCE = 500
POLL_S = 0.001
TIMEOUT_S = 300.0


class Restart(NamedTuple):
    dispatched_s: float
    ready_s: float
    cpu_s: float
    """Of the platform's process, until the later of the two."""
    memory_mb: float
    """Resident then."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.restart", description=__doc__ and __doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[1, 1_000, 10_000], help="open runs")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions (default 3)")
    options = parser.parse_args()
    rows: list[tuple[str, ...]] = [
        ("open runs", "first attempt handed on, s", "ready, s", "CPU, s", "resident, MB", "log, events")
    ]
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder:
        for runs in options.runs:
            data = Path(folder) / str(runs)
            print(f"making {runs} open runs", file=sys.stderr, flush=True)
            events = asyncio.run(_make(data, runs))
            done = [_restart(data, Path(folder) / "copy") for _ in range(options.repeat)]
            rows.append((f"{runs:,}", *(spread(values, 2) for values in zip(*done, strict=True)), f"{events:,}"))
    print(
        f"{options.repeat} restarts each: median (least to most). {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f} at the end."
    )
    print(aligned(rows))
    return 0


def _restart(data: Path, copy: Path) -> Restart:
    """Start a platform on a copy of the folder, kill it when it has done what was waited for."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy)
    blobs = FileBlobs(copy / "objects", copy / "signing.key")
    results = Path(layout.output_prefix(blobs, AttemptId(ExecutionId(PROJECT, DOMAIN, LAST), "n0", 0)))
    command = [sys.executable, "-c", "from alula.cli.main import main; main()", "up", "--data", str(copy)]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, "--grpc-port", "0", "--http-port", "0"], stdout=subprocess.DEVNULL, env=environment()
    )
    try:
        took: dict[Path, float] = {}
        while len(took) < 2:
            for path in (results, copy / "server.json"):
                if path not in took and path.exists():
                    took[path] = time.monotonic() - began
            if process.poll() is not None or time.monotonic() - began > TIMEOUT_S:
                raise RuntimeError(f"the platform did not go on (status {process.returncode})")
            time.sleep(POLL_S)
        memory_mb = _resident_mb(process.pid)
    finally:
        process.kill()
        _, _, usage = os.wait4(process.pid, 0)
    return Restart(took[results], took[copy / "server.json"], usage.ru_utime + usage.ru_stime, memory_mb)


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


# What a platform that was killed leaves


class _Executor(in_process.InstantExecutor):
    """All succeed, but for the attempt that the platform dies over."""

    def __init__(self) -> None:
        self.may_die = asyncio.Event()

    def submit(self, spec: AttemptSpec) -> None:
        if spec.id.execution.name == LAST:
            self.may_die.set()
        else:
            super().submit(spec)


async def _make(data: Path, runs: int) -> int:
    """The data folder of a platform that died with so many open runs; how many events their logs have."""
    data.mkdir()
    executor = _Executor()
    store, _, platform, _ = await in_process.start(data, executor)
    await _register(platform)
    for first in range(0, runs, AT_ONCE):
        names = [f"run-{number}" for number in range(first, min(first + AT_ONCE, runs))]
        await asyncio.gather(*(_launch(platform, name) for name in names))
    await _until_all_wait(store, runs)
    await _launch(platform, LAST)
    await executor.may_die.wait()
    events = sum([len(await store.log.read(ExecutionId(PROJECT, DOMAIN, f"run-{number}"))) for number in range(runs)])
    await store.stop()  # and not the runner, which would let go of what it has claimed
    return events


async def _until_all_wait(store: SqlStore, runs: int) -> None:
    for number in range(runs):
        while await store.signals.get(ExecutionId(PROJECT, DOMAIN, f"run-{number}"), "go") is None:
            await asyncio.sleep(0.01)


async def _register(platform: Platform) -> None:
    """A task and a gate after it."""
    of = task("waiting", {"x": INTEGER}, {})
    step = workflow_pb2.Node(
        id="n0", task_node=workflow_pb2.TaskNode(reference_id=of.id), inputs=[in_process.taken("x", "x")]
    )
    gate = workflow_pb2.Node(id="n1", upstream_node_ids=["n0"])
    gate.gate_node.approve.signal_id = "go"
    await in_process.register(platform, "waiting", {"x": INTEGER}, [step, gate], [of])


async def _launch(platform: Platform, name: str) -> None:
    await in_process.launch(platform, "waiting", name, x=in_process.integer(1))


if __name__ == "__main__":
    sys.exit(main())
