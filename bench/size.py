"""What a large run costs: time and memory for each of its nodes, and how fast its log is read again.

    make bench-size                              with 10,000 and 100,000 nodes
    make bench-size SIZE="--array 1000 --dynamic 1000"
    make bench-size SIZE="--postgresql"          beside PostgreSQL, of the same machine

One process for each figure has the real runner on a real store; only the executor is none: an attempt has succeeded as
soon as it is handed on. So what is measured is the platform's own part.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from flyteidl.core import dynamic_job_pb2, literals_pb2, types_pb2, workflow_pb2
from tests.postgres import Postgres, running

from alula.core.engine import events
from alula.core.engine.records import ExecutionPhase
from alula.core.engine.step import fold
from alula.core.ids import ExecutionId
from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.services.history import read_named, read_plan
from alula.server.services.platform import Platform
from alula.server.stores.sql.adapter import SqlStore
from bench import in_process
from bench.in_process import INTEGER, now, task
from bench.measure import environment
from bench.report import aligned, spread

INTEGERS = types_pb2.LiteralType(collection_type=INTEGER)
POLL_S = 0.01
AT_ONCE = 1_000


class Figures(msgspec.Struct):
    """Of one run."""

    nodes: int
    took_s: float
    cpu_s: float
    memory_mb: float
    """Most that was resident, of the whole process."""
    events: int
    replay_s: float
    """Decoding its log and folding it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.size", description=__doc__ and __doc__.splitlines()[0])
    parser.add_argument("--array", type=int, nargs="*", default=[10_000, 100_000], help="items of a map task")
    parser.add_argument("--dynamic", type=int, nargs="*", default=[2_000, 20_000], help="nodes of a dynamic task")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions in turns (default 3)")
    parser.add_argument("--postgresql", action="store_true", help="measure each on PostgreSQL too")
    parser.add_argument("--one", nargs=2, metavar=("KIND", "NODES"), help=argparse.SUPPRESS)
    parser.add_argument("--database", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        figures = asyncio.run(_measure(options.one[0], int(options.one[1]), options.database))
        sys.stdout.buffer.write(msgspec.json.encode(figures))
        return 0
    sizes = [("array", nodes) for nodes in options.array] + [("dynamic", nodes) for nodes in options.dynamic]
    with contextlib.ExitStack() as stack:
        stores: list[Postgres | None] = [None]
        if options.postgresql:
            stores.append(stack.enter_context(running(lasting=True)))
        cases = [(kind, nodes, store) for kind, nodes in sizes for store in stores]
        found: dict[tuple[str, int, Postgres | None], list[Figures]] = {case: [] for case in cases}
        for repetition in range(options.repeat):
            for case in cases:
                says = f"repetition {repetition + 1} of {options.repeat}: {case[0]} of {case[1]:,}"
                print(says, file=sys.stderr, flush=True)
                found[case].append(_one(*case))
    print(f"{options.repeat} runs each, in turns: median (least to most). {os.cpu_count()} cores.")
    rows = [_row(f"{kind}, PostgreSQL" if store else kind, figures) for (kind, _, store), figures in found.items()]
    print(aligned([_HEAD, *rows]))
    return 0


def _one(kind: str, nodes: int, postgres: Postgres | None) -> Figures:
    """A run in a process of its own."""
    with postgres.database() if postgres is not None else contextlib.nullcontext("") as url:
        command = [sys.executable, "-m", "bench.size", "--one", kind, str(nodes), "--database", url]
        done = subprocess.run(command, env=environment(), check=True, capture_output=True)
    return msgspec.json.decode(done.stdout, type=Figures)


_HEAD = ("run", "nodes", "µs a node", "CPU µs a node", "resident, MB", "events", "replayed events/s")


def _row(kind: str, found: Sequence[Figures]) -> tuple[str, ...]:
    nodes = found[0].nodes
    return (
        kind,
        f"{nodes:,}",
        spread([one.took_s / nodes * 1e6 for one in found], 0),
        spread([one.cpu_s / nodes * 1e6 for one in found], 0),
        spread([one.memory_mb for one in found], 0),
        f"{found[0].events:,}",
        spread([one.events / one.replay_s for one in found], 0),
    )


# One run


async def _measure(kind: str, nodes: int, database: str) -> Figures:
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder:
        store, blobs, platform, runner = await in_process.start(Path(folder), GraphExecutor(nodes), database)
        try:
            await register(platform, kind)
            began, cpu = time.monotonic(), time.process_time()
            xs = literals_pb2.Literal()
            xs.collection.literals.extend([in_process.integer(1)] * nodes)
            run = await in_process.launch(platform, "large", "large", AT_ONCE, xs=xs)
            await until_ended(store, run)
            took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
            memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            count, replay_s = await _replay(store, blobs, run)
        finally:
            await runner.stop()
            await store.stop()
    return Figures(nodes, took_s, cpu_s, memory_mb, count, replay_s)


async def until_ended(store: SqlStore, run: ExecutionId) -> None:
    """Raises `RuntimeError` if it has not succeeded."""
    while (record := await store.executions.get(run)) is None or not record.phase.is_terminal:
        await asyncio.sleep(POLL_S)
    if record.phase is not ExecutionPhase.SUCCEEDED:
        raise RuntimeError(f"the run has not succeeded: {record.error}")


async def _replay(store: SqlStore, blobs: FileBlobs, run: ExecutionId) -> tuple[int, float]:
    record = await store.executions.get(run)
    assert record is not None, "it has ended"
    plan = await read_plan(store, record.workflow)
    written = await store.log.read(run)
    named = await read_named(run, [events.decode(event) for event in written], blobs)
    began = time.perf_counter()
    log = [events.decode(event) for event in written]
    fold(plan, log, named.graphs, named.recovery, named.loaded)
    return len(log), time.perf_counter() - began


class GraphExecutor(in_process.InstantExecutor):
    """Gives an integer, and for the dynamic task a graph of many nodes."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes
        outputs = literals_pb2.LiteralMap(literals={"o0": in_process.integer(1)})
        self._outputs = outputs.SerializeToString()

    def end_of(self, spec: AttemptSpec) -> AttemptUpdate:
        if spec.task.id.name == "grow":
            return AttemptUpdate(spec.id, now(), "SUCCEEDED", futures=_graph(self._nodes))
        return AttemptUpdate(spec.id, now(), "SUCCEEDED", outputs=self._outputs)


# What runs: `large(xs)` maps `step` over a list, or calls `grow`, whose graph is chains of `step`


def _graph(nodes: int) -> bytes:
    """The futures of `grow`: chains of ten nodes each."""
    step = task("step", {"x": INTEGER}, {"o0": INTEGER})
    made = dynamic_job_pb2.DynamicJobSpec(tasks=[step], min_successes=nodes)
    for number in range(nodes):
        binding = literals_pb2.Binding(var="x")
        if number % 10 == 0:
            binding.binding.scalar.primitive.integer = 1
        else:
            binding.binding.promise.node_id, binding.binding.promise.var = f"s{number - 1}", "o0"
        node = workflow_pb2.Node(
            id=f"s{number}", task_node=workflow_pb2.TaskNode(reference_id=step.id), inputs=[binding]
        )
        made.nodes.append(node)
    return made.SerializeToString()


async def register(platform: Platform, kind: str, name: str = "large") -> None:
    """A workflow that maps a task over a list (`array`), or makes a graph of many nodes (`dynamic`)."""
    of = task("step", {"x": INTEGERS}, {"o0": INTEGERS}) if kind == "array" else task("grow", {"x": INTEGERS}, {})
    node = workflow_pb2.Node(
        id="n0", task_node=workflow_pb2.TaskNode(reference_id=of.id), inputs=[in_process.taken("x", "xs")]
    )
    if kind == "array":
        node = workflow_pb2.Node(id="n0", array_node=workflow_pb2.ArrayNode(node=node), inputs=node.inputs)
    await in_process.register(platform, name, {"xs": INTEGERS}, [node], [of])


if __name__ == "__main__":
    sys.exit(main())
