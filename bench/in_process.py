"""A platform inside the bench's own process: the real runner on a real store, and attempts that succeed at once."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from flyteidl.admin import execution_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, tasks_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from alula.core.ids import ExecutionId
from alula.server.access import EverybodyMay
from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Executor, Sink
from alula.server.identity import Caller
from alula.server.logs.objects import ObjectLogs
from alula.server.runner.children import Children
from alula.server.runner.runner import Runner
from alula.server.services.launch import create_execution
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.watch import Hub
from alula.server.stores.sql.adapter import SqlStore

PROJECT, DOMAIN = "flytesnacks", "development"
ADA = Caller("ada")
INTEGER = types_pb2.LiteralType(simple=types_pb2.INTEGER)
Types = dict[str, types_pb2.LiteralType]


class InProcess(NamedTuple):
    """The parts of a platform on one data folder."""

    store: SqlStore
    blobs: FileBlobs
    platform: Platform
    runner: Runner


async def start(data: Path, executor: Executor, database: str = "") -> InProcess:
    """A running platform on a folder that exists, and on SQLite there if no database is given."""
    store = SqlStore(database or data / "alula.sqlite", clock=now)
    blobs = FileBlobs(data / "objects", data / "signing.key")
    platform = Platform(
        store=store,
        blobs=blobs,
        logs=ObjectLogs(blobs),
        hub=Hub(),
        access=EverybodyMay(),
        clock=now,
        random_bytes=secrets.token_bytes,
    )
    runner = Runner(
        store=store,
        executor=executor,
        blobs=blobs,
        children=Children(platform),
        clock=now,
        runner_id="bench",
        platform_id="bench",
    )
    store.on_news(platform.hub.publish, platform.hub.miss)
    await store.start()
    await blobs.start()
    await runner.start()
    return InProcess(store, blobs, platform, runner)


class InstantExecutor:
    """Every attempt has succeeded as soon as it is handed on."""

    names_jobs = False

    async def start(self, sink: Sink) -> None:
        self._sink = sink

    async def stop(self) -> None:
        return None

    def submit(self, spec: AttemptSpec) -> None:
        asyncio.get_running_loop().call_soon(self._succeed, spec)

    def _succeed(self, spec: AttemptSpec) -> None:
        self._sink(AttemptUpdate(spec.id, now(), "RUNNING", where="a process"))
        self._sink(self.end_of(spec))

    def end_of(self, spec: AttemptSpec) -> AttemptUpdate:
        """What an attempt gives: nothing."""
        return AttemptUpdate(spec.id, now(), "SUCCEEDED", outputs=b"")

    def cancel(
        self, attempt: object, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        return None

    async def end_job(self, attempt: object, *, incarnation: str, executor: str, handle: bytes) -> None:
        return None

    def acknowledge(self, attempts: object) -> None:
        return None

    def usage(self, attempt: object) -> None:
        return None

    def release(self, attempts: object) -> None:
        return None

    async def reconcile(self, expected: Collection[AttemptSpec], *, owner: str, spared: object = ()) -> None:
        return None


def task(name: str, inputs: Types, outputs: Types) -> tasks_pb2.TaskTemplate:
    """A task in a container."""
    return tasks_pb2.TaskTemplate(
        id=identifier(identifier_pb2.TASK, name),
        type="python-task",
        interface=interface_pb2.TypedInterface(inputs=_variables(inputs), outputs=_variables(outputs)),
        container=tasks_pb2.Container(image="python", args=["true"]),
    )


def taken(var: str, source: str) -> literals_pb2.Binding:
    """`var` is the workflow's input `source`."""
    binding = literals_pb2.Binding(var=var)
    binding.binding.promise.var = source
    return binding


async def register(
    platform: Platform,
    name: str,
    inputs: Types,
    nodes: list[core_workflow_pb2.Node],
    tasks: list[tasks_pb2.TaskTemplate],
) -> None:
    """A workflow without outputs, its tasks, and its launch plan."""
    for template in tasks:
        request = task_pb2.TaskCreateRequest(id=template.id, spec=task_pb2.TaskSpec(template=template))
        await create_task(platform, ADA, request, Registrant())
    workflow = core_workflow_pb2.WorkflowTemplate(
        id=identifier(identifier_pb2.WORKFLOW, name),
        interface=interface_pb2.TypedInterface(inputs=_variables(inputs), outputs=_variables({})),
        nodes=nodes,
    )
    spec = workflow_pb2.WorkflowSpec(template=workflow)
    await create_workflow(platform, ADA, workflow_pb2.WorkflowCreateRequest(id=workflow.id, spec=spec))
    plan = launch_plan_pb2.LaunchPlanSpec(workflow_id=workflow.id)
    id = identifier(identifier_pb2.LAUNCH_PLAN, name)
    await create_launch_plan(platform, ADA, launch_plan_pb2.LaunchPlanCreateRequest(id=id, spec=plan))


async def launch(
    platform: Platform, workflow: str, run: str, max_parallelism: int = 0, **inputs: literals_pb2.Literal
) -> ExecutionId:
    """Start a run of a launch plan."""
    request = execution_pb2.ExecutionCreateRequest(project=PROJECT, domain=DOMAIN, name=run)
    request.spec.launch_plan.CopyFrom(identifier(identifier_pb2.LAUNCH_PLAN, workflow))
    request.spec.max_parallelism = max_parallelism
    for name, value in inputs.items():
        request.inputs.literals[name].CopyFrom(value)
    await create_execution(platform, ADA, request)
    return ExecutionId(PROJECT, DOMAIN, run)


def integer(value: int) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value)))


def identifier(kind: identifier_pb2.ResourceType, name: str) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(resource_type=kind, project=PROJECT, domain=DOMAIN, name=name, version="v1")


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def _variables(types: Types) -> interface_pb2.VariableMap:
    return interface_pb2.VariableMap(
        variables={name: interface_pb2.Variable(type=kind) for name, kind in types.items()}
    )
