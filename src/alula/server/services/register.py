"""Registration of tasks, workflows and launch plans: validate, compile, compare with the registered one, keep.

The same thing again is `AlreadyExists` (clients take that for success), another thing under the same id is
`InvalidInput` with the differences. Nothing is kept unless all of it is right.

Workflows may be large, and others must not wait for one: long work on their nodes is done in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, interface_pb2, literals_pb2, tasks_pb2
from google.protobuf.message import Message

from alula.core.compiler import ReferencedLaunchPlan, compile_task, compile_workflow
from alula.core.compiler.launch_plan import expected_inputs
from alula.core.compiler.node_names import same_but_for_node_ids
from alula.core.compiler.normalise import diff, digest
from alula.core.compiler.references import referenced, task_nodes
from alula.core.compiler.skeleton import skeleton_workflow
from alula.core.engine.plan import make_plan
from alula.core.errors import AlreadyExists, InvalidInput
from alula.core.ids import EntityId
from alula.core.policy.registration import check_id, check_schedule, check_settings
from alula.core.policy.triggering import check_trigger
from alula.server.access import Action
from alula.server.identity import SYSTEM, Caller
from alula.server.services.attributes import SettingsPlace, launch_settings
from alula.server.services.entities import find_entity
from alula.server.services.messages.names import KIND_WORDS, entity_id, identifier
from alula.server.services.platform import Platform
from alula.server.services.projects import require_place
from alula.server.services.references import referenced_plan
from alula.server.services.task_resources import check_resources
from alula.server.store.entities import EntityKind, EntityRecord, Registered
from alula.server.zones import zone_of

_CLOSURES: dict[EntityKind, type[Message]] = {
    "task": task_pb2.TaskClosure,
    "workflow": compiler_pb2.CompiledWorkflowClosure,
    "launch_plan": launch_plan_pb2.LaunchPlanClosure,
}
_MAY_REFER = (Action.VIEW, Action.REGISTER)
"""A registered entity may refer to entities on which its registrant has one of these rights."""


class Registrant(msgspec.Struct, frozen=True):
    """The Python of the client that registers; empty if it is not known."""

    interpreter: str = ""
    host: str = ""


async def create_task(
    platform: Platform, caller: Caller, request: task_pb2.TaskCreateRequest, registrant: Registrant
) -> None:
    """Register a task. Raises `AlreadyExists` (identical) and `InvalidInput` (invalid, or different)."""
    id = await _checked_id(platform, caller, request.id)
    template = tasks_pb2.TaskTemplate()
    template.CopyFrom(request.spec.template)
    template.id.CopyFrom(identifier("task", id))
    check_resources(template, task_resources=await _task_resources(platform, id))
    closure = task_pb2.TaskClosure(compiled_task=compile_task(template))
    record = msgspec.structs.replace(
        _record(platform, "task", id, request.spec, closure),
        task_type=template.type,
        short_description=request.spec.description.short_description,
        interpreter=registrant.interpreter,
        interpreter_host=registrant.host,
    )
    await _keep(platform, caller, record, request.spec)


async def create_workflow(platform: Platform, caller: Caller, request: workflow_pb2.WorkflowCreateRequest) -> None:
    """Register a workflow. The tasks and launch plans that it refers to must be registered.

    Raises `AlreadyExists` (identical) and `InvalidInput` (all compile errors at once, or different).
    """
    id = await _checked_id(platform, caller, request.id)
    spec = workflow_pb2.WorkflowSpec()
    spec.CopyFrom(request.spec)
    spec.template.id.CopyFrom(identifier("workflow", id))
    closure = await _compile(platform, caller, spec)
    record = msgspec.structs.replace(
        await asyncio.to_thread(_record, platform, "workflow", id, spec, closure),
        short_description=spec.description.short_description,
    )
    await _keep(platform, caller, record, spec)


async def create_launch_plan(
    platform: Platform, caller: Caller, request: launch_plan_pb2.LaunchPlanCreateRequest
) -> None:
    """Register a launch plan, inactive. Its workflow must be registered.

    Raises `AlreadyExists` (identical) and `InvalidInput` (inputs, labels or schedule that can't be, or different).
    """
    id = await _checked_id(platform, caller, request.id)
    check_settings(request.spec)
    workflow_id = entity_id(request.spec.workflow_id)
    workflow = await find_entity(platform, caller, "workflow", workflow_id, *_MAY_REFER)
    if workflow is None:
        raise InvalidInput(
            "WorkflowNotFound",
            f"launch plan `{id}` is for workflow `{workflow_id}`, which is not registered",
            fix="register the workflow first",
        )
    compiled = await asyncio.to_thread(compiler_pb2.CompiledWorkflowClosure.FromString, workflow.closure)
    interface = compiled.primary.template.interface
    expected = expected_inputs(
        id.name,
        interface.inputs,
        defaults=request.spec.default_inputs,
        fixed=request.spec.fixed_inputs,
    )
    check_trigger(request.spec, expected)
    schedule = check_schedule(request.spec, expected)
    if schedule is not None:
        zone_of(schedule.zone)
    closure = launch_plan_pb2.LaunchPlanClosure(expected_inputs=expected, expected_outputs=interface.outputs)
    await _keep(platform, caller, _record(platform, "launch_plan", id, request.spec, closure), request.spec)


class Skeleton(msgspec.Struct, frozen=True):
    """The workflow that runs a single task."""

    id: EntityId
    task: tasks_pb2.TaskTemplate
    spec: workflow_pb2.WorkflowSpec
    expected_inputs: interface_pb2.ParameterMap


def skeleton_of(task: EntityRecord) -> Skeleton:
    """The workflow that runs a registered task; it need not be registered yet."""
    template = task_pb2.TaskClosure.FromString(task.closure).compiled_task.template
    spec = workflow_pb2.WorkflowSpec(template=skeleton_workflow(template))
    id = entity_id(spec.template.id)
    expected = expected_inputs(
        id.name,
        template.interface.inputs,
        defaults=interface_pb2.ParameterMap(),
        fixed=literals_pb2.LiteralMap(),
    )
    return Skeleton(id, template, spec, expected)


async def keep_skeleton(platform: Platform, skeleton: Skeleton) -> None:
    """Register it, hidden, unless it is."""
    id, spec = skeleton.id, skeleton.spec
    if await platform.store.entities.get("workflow", id) is None:
        closure = compile_workflow(spec.template, (), (skeleton.task,))
        record = msgspec.structs.replace(_record(platform, "workflow", id, spec, closure), hidden=True)
        audit = platform.audit(SYSTEM, "register", f"workflow {id}", project=id.project, domain=id.domain)
        # Another launch may be first: a skeleton follows from its task alone, so any outcome is the same.
        await platform.store.entities.register([record], audit)


async def _compile(
    platform: Platform, caller: Caller, spec: workflow_pb2.WorkflowSpec
) -> compiler_pb2.CompiledWorkflowClosure:
    needed = await asyncio.to_thread(referenced, (spec.template, *spec.sub_workflows))
    tasks = [
        task_pb2.TaskClosure.FromString(record.closure).compiled_task.template
        for id in needed.tasks
        if (record := await find_entity(platform, caller, "task", id, *_MAY_REFER)) is not None
    ]
    plans = [
        referenced_plan(record)
        for id in needed.launch_plans
        if (record := await find_entity(platform, caller, "launch_plan", id, *_MAY_REFER)) is not None
    ]
    closure = await asyncio.to_thread(_compiled, spec, tasks, plans)
    await _check_overrides(platform, spec, tasks)
    return closure


def _compiled(
    spec: workflow_pb2.WorkflowSpec, tasks: Sequence[tasks_pb2.TaskTemplate], plans: Sequence[ReferencedLaunchPlan]
) -> compiler_pb2.CompiledWorkflowClosure:
    closure = compile_workflow(spec.template, tuple(spec.sub_workflows), tasks, plans)
    make_plan(closure)  # refuses here, not when it is launched, what the engine can't run
    return closure


async def _check_overrides(
    platform: Platform, spec: workflow_pb2.WorkflowSpec, tasks: Sequence[tasks_pb2.TaskTemplate]
) -> None:
    """Check that nodes which change the resources of their task ask for resources that they can get."""
    templates = (spec.template, *spec.sub_workflows)
    changing = await asyncio.to_thread(
        lambda: [node.task_node for node in task_nodes(templates) if node.task_node.overrides.HasField("resources")]
    )
    if not changing:
        return
    id = entity_id(spec.template.id)
    task_resources = await _task_resources(platform, id, workflow=id.name)
    by_id = {entity_id(task.id): task for task in tasks}
    for node in changing:
        task = by_id[entity_id(node.reference_id)]
        check_resources(task, node.overrides, task_resources=task_resources)


async def _task_resources(platform: Platform, id: EntityId, *, workflow: str = "") -> bytes:
    return (await launch_settings(platform, SettingsPlace(id.project, id.domain, workflow))).task_resources


async def _checked_id(platform: Platform, caller: Caller, message: identifier_pb2.Identifier) -> EntityId:
    id = entity_id(message)
    await require_place(platform, caller, id.project, id.domain, Action.REGISTER)
    check_id(id)
    return id


def _record(platform: Platform, kind: EntityKind, id: EntityId, spec: Message, closure: Message) -> EntityRecord:
    return EntityRecord(
        kind=kind,
        id=id,
        digest=_digest(kind, spec, closure),
        spec=spec.SerializeToString(deterministic=True),
        closure=closure.SerializeToString(deterministic=True),
        created_at=platform.clock(),
    )


def _digest(kind: EntityKind, spec: Message, closure: Message) -> bytes:
    # A launch plan's settings are not in its closure; all that the others say is.
    return digest(spec, closure) if kind == "launch_plan" else digest(closure)


async def _keep(platform: Platform, caller: Caller, record: EntityRecord, spec: Message) -> None:
    what = f"{KIND_WORDS[record.kind]} {record.id}"
    audit = platform.audit(caller, "register", what, project=record.id.project, domain=record.id.domain)
    outcome = (await platform.store.entities.register([record], audit))[0]
    if outcome is Registered.CREATED:
        return
    quoted = f"{KIND_WORDS[record.kind]} `{record.id}`"
    if outcome is Registered.IDENTICAL or await _is_same(platform, record, spec):
        raise AlreadyExists("IdenticalEntityExists", f"{quoted} is registered already, identical")
    raise InvalidInput(
        "DifferentEntityExists",
        f"{quoted} with different structure already exists: {await _difference(platform, record, spec)}",
        fix="register it under another version",
    )


async def _is_same(platform: Platform, record: EntityRecord, spec: Message) -> bool:
    """True if it is the registered entity, whose digest is of another normal form, or the registered workflow with
    other ids of its nodes. The registered one is kept."""
    stands = await platform.store.entities.get(record.kind, record.id)
    assert stands is not None, "the store said that it exists"
    known = _CLOSURES[record.kind].FromString(stands.closure)
    if _digest(record.kind, type(spec).FromString(stands.spec), known) == record.digest:
        return True
    return isinstance(known, compiler_pb2.CompiledWorkflowClosure) and same_but_for_node_ids(
        known, compiler_pb2.CompiledWorkflowClosure.FromString(record.closure)
    )


async def _difference(platform: Platform, record: EntityRecord, spec: Message) -> str:
    stands = await platform.store.entities.get(record.kind, record.id)
    assert stands is not None, "the store said that it exists"
    closure_type = _CLOSURES[record.kind]

    def differences() -> list[str]:
        found = diff(closure_type.FromString(stands.closure), closure_type.FromString(record.closure))
        return found or diff(type(spec).FromString(stands.spec), spec)

    return "; ".join(await asyncio.to_thread(differences))
