"""What a large run costs: time and memory for each of its nodes, and how fast its log is read again.

    make bench-size                              with 10,000 and 100,000 nodes
    make bench-size SIZE="--array 1000 --dynamic 1000"

One process for each figure has the real runner on a real store; only the executor is none: an attempt has succeeded as
soon as it is handed on. So what is measured is the platform's own part.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec
from flyteidl.admin import execution_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import dynamic_job_pb2, identifier_pb2, interface_pb2, literals_pb2, tasks_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from alula.core.engine import events
from alula.core.engine.records import ExecutionPhase
from alula.core.engine.step import fold
from alula.core.ids import ExecutionId
from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.identity import Caller
from alula.server.runner.children import Children
from alula.server.runner.runner import Runner
from alula.server.services.history import read_named, read_plan
from alula.server.services.launch import create_execution
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.watch import Hub
from alula.server.stores.sql.adapter import SqlStore
from bench.measure import environment
from bench.report import aligned

ID = ExecutionId("flytesnacks", "development", "large")
ADA = Caller("ada", frozenset({"admin"}))
INTEGER = types_pb2.LiteralType(simple=types_pb2.INTEGER)
INTEGERS = types_pb2.LiteralType(collection_type=INTEGER)
POLL_S = 0.01


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
    parser = argparse.ArgumentParser(prog="python -m bench.size", description=__doc__.splitlines()[0])
    parser.add_argument("--array", type=int, nargs="*", default=[10_000, 100_000], help="items of a map task")
    parser.add_argument("--dynamic", type=int, nargs="*", default=[2_000, 20_000], help="nodes of a dynamic task")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions in turns (default 3)")
    parser.add_argument("--one", nargs=2, metavar=("KIND", "NODES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_measure(options.one[0], int(options.one[1])))))
        return 0
    cases = [("array", nodes) for nodes in options.array] + [("dynamic", nodes) for nodes in options.dynamic]
    found: dict[tuple[str, int], list[Figures]] = {case: [] for case in cases}
    for repetition in range(options.repeat):
        for kind, nodes in cases:
            print(f"repetition {repetition + 1} of {options.repeat}: {kind} of {nodes:,}", file=sys.stderr, flush=True)
            command = [sys.executable, "-m", "bench.size", "--one", kind, str(nodes)]
            done = subprocess.run(command, env=environment(), check=True, capture_output=True)
            found[kind, nodes].append(msgspec.json.decode(done.stdout, type=Figures))
    print(f"{options.repeat} runs each, in turns: median (least to most). {os.cpu_count()} cores.")
    print(aligned([_HEAD, *(_row(kind, figures) for (kind, _), figures in found.items())]))
    return 0


_HEAD = ("run", "nodes", "µs a node", "CPU µs a node", "resident, MB", "events", "replayed events/s")


def _row(kind: str, found: Sequence[Figures]) -> tuple[str, ...]:
    nodes = found[0].nodes
    return (
        kind,
        f"{nodes:,}",
        _spread([one.took_s / nodes * 1e6 for one in found]),
        _spread([one.cpu_s / nodes * 1e6 for one in found]),
        _spread([one.memory_mb for one in found]),
        f"{found[0].events:,}",
        _spread([one.events / one.replay_s for one in found]),
    )


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


# One run


async def _measure(kind: str, nodes: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder:
        store = SqlStore(Path(folder) / "alula.sqlite", clock=_now)
        blobs = FileBlobs(Path(folder) / "objects", Path(folder) / "signing.key")
        platform = Platform(store=store, blobs=blobs, hub=Hub(), clock=_now, random_bytes=secrets.token_bytes)
        runner = Runner(
            store=store,
            executor=_InstantExecutor(nodes),
            blobs=blobs,
            children=Children(platform),
            publish=platform.hub.publish,
            clock=_now,
            runner_id="bench",
        )
        await store.start()
        await blobs.start()
        await runner.start()
        try:
            await _register(platform, kind)
            began, cpu = time.monotonic(), time.process_time()
            await _launch(platform, nodes)
            await _until_ended(store)
            took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
            memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            count, replay_s = await _replay(store, blobs)
        finally:
            await runner.stop()
            await store.stop()
    return Figures(nodes, took_s, cpu_s, memory_mb, count, replay_s)


async def _until_ended(store: SqlStore) -> None:
    while (record := await store.execution(ID)) is None or not record.phase.is_terminal:
        await asyncio.sleep(POLL_S)
    if record.phase is not ExecutionPhase.SUCCEEDED:
        raise RuntimeError(f"the run has not succeeded: {record.error}")


async def _replay(store: SqlStore, blobs: FileBlobs) -> tuple[int, float]:
    record = await store.execution(ID)
    assert record is not None, "it has ended"
    plan = await read_plan(store, record.workflow)
    written = await store.log(ID)
    named = await read_named(ID, [events.decode(event) for event in written], blobs)
    began = time.perf_counter()
    log = [events.decode(event) for event in written]
    fold(plan, log, named.graphs, named.recovery, named.loaded)
    return len(log), time.perf_counter() - began


class _InstantExecutor:
    """Every attempt has succeeded as soon as it is handed on; that of the dynamic task with a graph of many nodes."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes
        number = literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=1)))
        self._outputs = literals_pb2.LiteralMap(literals={"o0": number}).SerializeToString()

    async def start(self, sink: Sink) -> None:
        self._sink = sink

    async def stop(self) -> None:
        return None

    def submit(self, spec: AttemptSpec) -> None:
        asyncio.get_running_loop().call_soon(self._succeed, spec)

    def _succeed(self, spec: AttemptSpec) -> None:
        self._sink(AttemptUpdate(spec.id, _now(), "RUNNING", where="a process"))
        if spec.task.id.name == "grow":
            self._sink(AttemptUpdate(spec.id, _now(), "SUCCEEDED", futures=_graph(self._nodes)))
        else:
            self._sink(AttemptUpdate(spec.id, _now(), "SUCCEEDED", outputs=self._outputs))

    def cancel(self, attempt: object) -> None:
        return None

    async def reconcile(self, expected: Collection[AttemptSpec]) -> None:
        return None


# What runs: `large(n)` maps `step` over a list, or calls `grow`, whose graph is chains of `step`


def _graph(nodes: int) -> bytes:
    """The futures of `grow`: chains of ten nodes each."""
    template = _task("step", INTEGER, {"o0": INTEGER})
    made = dynamic_job_pb2.DynamicJobSpec(tasks=[template], min_successes=nodes)
    for number in range(nodes):
        before = "" if number % 10 == 0 else f"s{number - 1}"
        made.nodes.append(_step(f"s{number}", template, before))
    return made.SerializeToString()


def _step(id: str, task: tasks_pb2.TaskTemplate, before: str) -> core_workflow_pb2.Node:
    binding = literals_pb2.Binding(var="x")
    if before:
        binding.binding.promise.node_id, binding.binding.promise.var = before, "o0"
    else:
        binding.binding.scalar.primitive.integer = 1
    return core_workflow_pb2.Node(id=id, task_node=core_workflow_pb2.TaskNode(reference_id=task.id), inputs=[binding])


async def _register(platform: Platform, kind: str) -> None:
    x = literals_pb2.Binding(var="x")
    x.binding.promise.var = "xs"
    if kind == "array":
        task = _task("step", INTEGERS, {"o0": INTEGERS})
        item = core_workflow_pb2.Node(id="n0", task_node=core_workflow_pb2.TaskNode(reference_id=task.id), inputs=[x])
        node = core_workflow_pb2.Node(id="n0", array_node=core_workflow_pb2.ArrayNode(node=item), inputs=[x])
    else:
        task = _task("grow", INTEGERS, {})
        node = core_workflow_pb2.Node(id="n0", task_node=core_workflow_pb2.TaskNode(reference_id=task.id), inputs=[x])
    spec = task_pb2.TaskSpec(template=task)
    await create_task(platform, ADA, task_pb2.TaskCreateRequest(id=task.id, spec=spec), Registrant())
    template = core_workflow_pb2.WorkflowTemplate(
        id=_id(identifier_pb2.WORKFLOW, "large"), interface=_interface("xs", INTEGERS, {}), nodes=[node]
    )
    workflow = workflow_pb2.WorkflowSpec(template=template)
    await create_workflow(platform, ADA, workflow_pb2.WorkflowCreateRequest(id=template.id, spec=workflow))
    plan = launch_plan_pb2.LaunchPlanSpec(workflow_id=template.id)
    id = _id(identifier_pb2.LAUNCH_PLAN, "large")
    await create_launch_plan(platform, ADA, launch_plan_pb2.LaunchPlanCreateRequest(id=id, spec=plan))


async def _launch(platform: Platform, nodes: int) -> None:
    request = execution_pb2.ExecutionCreateRequest(project=ID.project, domain=ID.domain, name=ID.name)
    request.spec.launch_plan.CopyFrom(_id(identifier_pb2.LAUNCH_PLAN, "large"))
    request.spec.max_parallelism = 1_000
    number = literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=1)))
    request.inputs.literals["xs"].collection.literals.extend([number] * nodes)
    await create_execution(platform, ADA, request)


def _task(name: str, x: types_pb2.LiteralType, outputs: dict[str, types_pb2.LiteralType]) -> tasks_pb2.TaskTemplate:
    return tasks_pb2.TaskTemplate(
        id=_id(identifier_pb2.TASK, name),
        type="python-task",
        interface=_interface("x", x, outputs),
        container=tasks_pb2.Container(image="python", args=["true"]),
    )


def _interface(
    name: str, kind: types_pb2.LiteralType, outputs: dict[str, types_pb2.LiteralType]
) -> interface_pb2.TypedInterface:
    return interface_pb2.TypedInterface(
        inputs=interface_pb2.VariableMap(variables={name: interface_pb2.Variable(type=kind)}),
        outputs=interface_pb2.VariableMap(
            variables={var: interface_pb2.Variable(type=kind) for var, kind in outputs.items()}
        ),
    )


def _id(kind: identifier_pb2.ResourceType, name: str) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(resource_type=kind, project=ID.project, domain=ID.domain, name=name, version="v1")


def _now() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    sys.exit(main())
