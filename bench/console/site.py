"""The platform that the console is looked at on: large runs that are made in this process, then `alula up` on them."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flyteidl.core import literals_pb2

from alula.server.data_folder import read_info
from bench import in_process, size
from bench.in_process import DOMAIN, PROJECT
from bench.measure import environment
from bench.report import aligned, spread

LOG_LINES = 1_000_000
NODES, ITEMS, LIVE_ITEMS = 10_000, 100_000, 4_000
RUNS = f"/console/projects/{PROJECT}/domains/{DOMAIN}/executions"
TIMEOUT_S = 120.0
_API = f"/api/v1/alula/runs/{PROJECT}/{DOMAIN}"
_POLL_S = 0.05
_ALULA = (sys.executable, "-c", "from alula.cli.main import main; main()")
_FLOW = f"""
from alula import map_task, task, workflow

@task
def talk() -> int:
    for number in range({LOG_LINES}):
        print(f"line {{number:>9}} of a log that is as long as a log may be")
    return 1

@workflow
def talking() -> int:
    return talk()

@task
def one(x: int) -> int:
    return x

@workflow
def short(x: int = 1) -> int:
    return one(x=x)

@task
def numbers(n: int) -> list[int]:
    return list(range(n))

@workflow
def wide(n: int) -> list[int]:
    return map_task(one)(x=numbers(n=n))
"""


def fill(data: Path) -> None:
    """The runs that are made in this process, where no task has to run."""
    for kind, count in (("nodes", NODES), ("items", ITEMS)):
        print(f"making {count:,} {kind}", file=sys.stderr, flush=True)
        asyncio.run(_fill(data, kind, count))


async def _fill(data: Path, kind: str, count: int) -> None:
    store, _, platform, runner = await in_process.start(data, size.GraphExecutor(count))
    try:
        await size.register(platform, "array" if kind == "items" else "dynamic", name=kind)
        xs = literals_pb2.Literal()
        xs.collection.literals.extend([in_process.integer(1)] * (count if kind == "items" else 1))
        await size.until_ended(store, await in_process.launch(platform, kind, kind, size.AT_ONCE, xs=xs))
    finally:
        await runner.stop()
        await store.stop()


@contextmanager
def platform(data: Path, ports: tuple[int, int] = (0, 0)) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """A platform on the folder; gives the address of its HTTP side, and its process."""
    grpc, http = map(str, ports)
    process = subprocess.Popen(
        [*_ALULA, "up", "--data", str(data), "--grpc-port", grpc, "--http-port", http],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        until = time.monotonic() + TIMEOUT_S
        while (info := read_info(data)) is None or info.pid != process.pid:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the platform did not start (status {process.returncode})")
            time.sleep(_POLL_S)
        yield info.http, process
    finally:
        process.terminate()
        process.wait()


def run(data: Path, workflow: str, name: str, *inputs: str, wait: bool = True) -> None:
    """Have a workflow of the flow run, in tasks that are processes."""
    print(f"running {workflow}", file=sys.stderr, flush=True)
    flow = data.parent / "flow.py"
    flow.write_text(_FLOW)
    command = [*_ALULA, "run", "--remote", *(["--wait"] if wait else []), "--name", name, str(flow), workflow, *inputs]
    subprocess.run(command, env=environment({"ALULA_DATA": str(data)}), check=True, capture_output=True)


def again(http: str, name: str) -> str:
    """Relaunch a run. Returns the name of the new one."""
    id = {"project": PROJECT, "domain": DOMAIN, "name": name}
    request = urllib.request.Request(
        f"{http}/api/v1/executions/relaunch", json.dumps({"id": id}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        started: dict[str, Any] = json.load(answer)
    return started["id"]["name"]


def answers(http: str, repeat: int) -> str:
    """How long a skeleton takes: read for the first time, and again."""
    first, again, bytes_ = list[float](), list[float](), 0
    for number in range(repeat + 1):
        request = urllib.request.Request(f"{http}{_API}/nodes/skeleton", headers={"Accept-Encoding": "gzip"})
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            body = answer.read()
        (again if number else first).append((time.perf_counter() - began) * 1_000)
        bytes_ = len(body)
        gzip.decompress(body)
    return aligned(
        [
            (f"skeleton of {NODES:,} nodes, first, ms", spread(first, 1)),
            ("  again, ms", spread(again, 1)),
            ("  bytes, compressed", f"{bytes_:,}"),
        ]
    )
