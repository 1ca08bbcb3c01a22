"""Launching: a launch plan or a single task becomes an execution, in one transaction with the first event of its
log; and relaunching with the inputs of an earlier one.

Nothing is kept unless everything is right, and the last step is the one that keeps it: a client that asks
again after an error never makes a second run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
from flyteidl.admin import execution_pb2, launch_plan_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2

from alula.core.compiler.launch_plan import resolve_inputs
from alula.core.engine import events
from alula.core.engine.recovery import Recovery, encode
from alula.core.errors import AlreadyExists, InvalidInput, ResourceExhausted
from alula.core.ids import (
    EXECUTION_NAME_MAX_CHARS,
    EntityId,
    ExecutionId,
    Place,
    execution_name,
    incarnation,
    is_execution_name,
)
from alula.core.literals.offloading import Aside, OffloadRule, put_aside
from alula.core.policy.queueing import Queueing, check_quality
from alula.core.policy.registration import SETTINGS_MAX_BYTES, check_labels, check_parallelism, check_size
from alula.core.policy.routing import Wanted
from alula.core.policy.run_file import OF_THE_IMPORT
from alula.core.policy.trace_context import TRACEPARENT
from alula.core.policy.triggering import CAUSE, CHAIN
from alula.server.access import Action
from alula.server.beside import done_beside
from alula.server.identity import Caller
from alula.server.services import layout, values
from alula.server.services.attributes import SettingsPlace, launch_settings
from alula.server.services.entities import require_entity
from alula.server.services.execution_settings import merge_settings
from alula.server.services.executions import EAGER_LABEL, require_execution
from alula.server.services.messages.names import entity_id, enum_name, execution_id, execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.projects import require_place
from alula.server.services.register import Skeleton, keep_skeleton, skeleton_of
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord

_MAY_RUN = (Action.VIEW, Action.LAUNCH)
"""An entity of another project may be launched with one of these rights there."""


class Target(msgspec.Struct, frozen=True):
    """The entity to launch, in one form for launch plans and tasks."""

    kind: Literal["launch_plan", "task"]
    id: EntityId
    workflow: EntityId
    plan: launch_plan_pb2.LaunchPlanSpec
    expected_inputs: interface_pb2.ParameterMap
    defaults_bytes: int = 0
    """An upper bound on the size of its fixed inputs and defaults."""
    skeleton: Skeleton | None = None


class _Inputs(msgspec.Struct, frozen=True):
    """Serialized `core.LiteralMap`s, without the values that are put aside."""

    all: bytes
    given: bytes
    """The inputs among them that the caller gave."""
    asides: Sequence[Aside]


NO_MARKS: Mapping[str, str] = {}
Keep: TypeAlias = Callable[[ExecutionRecord, bytes, Audit], Awaitable[bool]]
"""Keep a run, with the first event of its log. False if the name is taken."""


async def create_execution(
    platform: Platform,
    caller: Caller,
    request: execution_pb2.ExecutionCreateRequest,
    *,
    recovery: Recovery | None = None,
    keep: Keep | None = None,
    marks: Mapping[str, str] = NO_MARKS,
) -> identifier_pb2.WorkflowExecutionIdentifier:
    """Launch what `request.spec.launch_plan` names and return the run's id. `recovery` is what it takes over. `keep` is
    the last step for a caller that has more to do in it, and has seen to the limit on runs of the plan. `marks` are
    annotations beside those that the launch, the plan or the project gives.

    Raises `NotFound` when it is not registered, `AlreadyExists` when the name is taken, `InvalidInput` for a
    project, domain, name, labels, or inputs that can't be, and `ResourceExhausted` code `ConcurrencyLimit` if as many
    runs of the launch plan are open as may be.
    """
    project = await require_place(platform, caller, request.project, request.domain, Action.LAUNCH)
    id = ExecutionId(request.project, request.domain, name_of(platform, request.name))
    if not request.spec.metadata.HasField("parent_node_execution"):  # a child has its parent's
        # A run that is launched again brings those that its project gave it, which are not the caller's.
        check_labels(dict(request.spec.labels.values.items() - project.labels.items()))
    check_parallelism(request.spec.max_parallelism)
    target = await target_of(platform, caller, request.spec.launch_plan)
    given = request.inputs if request.HasField("inputs") else request.spec.inputs
    rule = values.offload_rule(platform, id.project, id.domain)
    inputs = await done_beside(target.defaults_bytes + given.ByteSize(), _inputs, target, given, rule)
    settings = await launch_settings(platform, SettingsPlace(id.project, id.domain, target.workflow.name))
    spec = merge_settings(
        request.spec,
        target.plan,
        settings.configs,
        project_labels=project.labels,
        max_parallelism=platform.max_parallelism,
    )
    spec.metadata.principal = caller.principal
    if traceparent := platform.traces.current():
        spec.annotations.values[TRACEPARENT] = traceparent
    spec.annotations.values.update(marks)
    check_size(spec, f"the settings of execution `{id.name}`", SETTINGS_MAX_BYTES)
    if recovery is None:  # else what can't run may not have to
        await require_runnable(platform, target, id.place, settings.wishes)
    record = _record(platform, caller, id, target, spec, inputs)
    await values.keep(platform.blobs, inputs.asides)
    record.task_resources = settings.task_resources
    record.takes_over = execution_id(spec.metadata.reference_execution) if recovery is not None else None
    record.parent = _parent_of(id, spec)
    queueing = _queueing(platform, id, spec.quality_of_service, settings.quality_of_service)
    if target.skeleton is not None or recovery is not None:  # what is kept beside the run is kept for one that begins
        await require_free(platform, id)
    if target.skeleton is not None:
        await keep_skeleton(platform, target.skeleton)
    if keep is None:
        keep = platform.store.executions.create
        if not request.spec.metadata.HasField("parent_node_execution"):
            await require_room(platform, target)
    await _keep(platform, caller, record, recovery, queueing, settings.wishes, keep)
    return execution_identifier(id)


async def relaunch_execution(
    platform: Platform, caller: Caller, request: execution_pb2.ExecutionRelaunchRequest
) -> identifier_pb2.WorkflowExecutionIdentifier:
    """Launch the same thing with the same inputs and settings again. Raises as `create_execution`."""
    source = await require_execution(platform, caller, execution_id(request.id), Action.VIEW)
    again = same_again(source, request.name)
    again.spec.metadata.mode = execution_pb2.ExecutionMetadata.RELAUNCH
    again.spec.metadata.reference_execution.CopyFrom(execution_identifier(source.id))
    again.spec.overwrite_cache = request.overwrite_cache
    return await create_execution(platform, caller, again)


def same_again(source: ExecutionRecord, name: str) -> execution_pb2.ExecutionCreateRequest:
    """The launch of the same thing with the inputs that its caller gave and the same settings."""
    spec = execution_pb2.ExecutionSpec.FromString(source.spec)
    spec.metadata.Clear()
    for of_the_launch in (TRACEPARENT, CAUSE, CHAIN, *OF_THE_IMPORT):
        spec.annotations.values.pop(of_the_launch, None)
    return execution_pb2.ExecutionCreateRequest(
        project=source.id.project,
        domain=source.id.domain,
        name=name,
        spec=spec,
        inputs=literals_pb2.LiteralMap.FromString(source.user_inputs),
    )


def name_of(platform: Platform, asked: str) -> str:
    """The name of a new run: the one that is asked for, or a new one. Raises `InvalidInput`."""
    if not asked:
        return execution_name(platform.random_bytes(16))
    if not is_execution_name(asked):
        raise InvalidInput(
            "InvalidExecutionName",
            f"`{asked}` can't name an execution",
            fix=f"use at most {EXECUTION_NAME_MAX_CHARS} lower-case letters, digits and hyphens, a letter first",
        )
    return asked


async def target_of(platform: Platform, caller: Caller, reference: identifier_pb2.Identifier) -> Target:
    """What a launch names. Raises `NotFound`, and `InvalidInput` for what can't be launched."""
    id = entity_id(reference)
    if reference.resource_type == identifier_pb2.TASK:
        task = await require_entity(platform, caller, "task", id, *_MAY_RUN)
        skeleton = skeleton_of(task)
        plan = launch_plan_pb2.LaunchPlanSpec()
        return Target("task", id, skeleton.id, plan, skeleton.expected_inputs, skeleton=skeleton)
    if reference.resource_type not in (identifier_pb2.LAUNCH_PLAN, identifier_pb2.UNSPECIFIED):
        named_as = enum_name(identifier_pb2.ResourceType, reference.resource_type)
        raise InvalidInput(
            "NotLaunchable",
            f"`{id}` is named as a thing of resource type {named_as}",
            fix="launch a launch plan or a task",
        )
    record = await require_entity(platform, caller, "launch_plan", id, *_MAY_RUN)
    plan = launch_plan_pb2.LaunchPlanSpec.FromString(record.spec)
    closure = launch_plan_pb2.LaunchPlanClosure.FromString(record.closure)
    size = len(record.spec) + len(record.closure)
    return Target("launch_plan", id, entity_id(plan.workflow_id), plan, closure.expected_inputs, size)


def _record(
    platform: Platform,
    caller: Caller,
    id: ExecutionId,
    target: Target,
    spec: execution_pb2.ExecutionSpec,
    inputs: _Inputs,
) -> ExecutionRecord:
    now = platform.clock()
    return ExecutionRecord(
        id=id,
        spec=spec.SerializeToString(deterministic=True),
        inputs=inputs.all,
        user_inputs=inputs.given,
        workflow=target.workflow,
        launch_entity=target.kind,
        launch_plan=target.id,
        principal=caller.principal,
        mode=spec.metadata.mode,
        created_at=now,
        updated_at=now,
        incarnation=incarnation(platform.random_bytes(16)),
        labels=dict(spec.labels.values),
    )


def _inputs(target: Target, given: literals_pb2.LiteralMap, rule: OffloadRule | None) -> _Inputs:
    """The inputs with which an execution starts. Raises `InvalidInput`."""
    inputs = resolve_inputs(target.expected_inputs, fixed=target.plan.fixed_inputs, given=given)
    asides = put_aside(inputs, rule) if rule is not None else []
    light = literals_pb2.LiteralMap(literals={name: inputs.literals[name] for name in given.literals})
    return _Inputs(
        inputs.SerializeToString(deterministic=True), light.SerializeToString(deterministic=True), tuple(asides)
    )


def _parent_of(id: ExecutionId, spec: execution_pb2.ExecutionSpec) -> ExecutionId | None:
    """The run to which a new one belongs: its node, or a call of its eager task, launches it. None if there is none."""
    if spec.metadata.HasField("parent_node_execution"):
        return execution_id(spec.metadata.parent_node_execution.execution_id)
    launcher = spec.labels.values.get(EAGER_LABEL, "")
    if launcher and not spec.metadata.HasField("reference_execution"):  # else a person launched it again
        return ExecutionId(id.project, id.domain, launcher)
    return None


def _queueing(
    platform: Platform,
    id: ExecutionId,
    asked: core_execution_pb2.QualityOfService,
    settings: core_execution_pb2.QualityOfService,
) -> Queueing:
    check_quality(asked)
    otherwise_s = platform.tiers.of(settings)
    return Queueing(
        asked_s=platform.tiers.of(asked),
        otherwise_s=platform.tiers.of_domain(id.domain) if otherwise_s is None else otherwise_s,
        tiers=platform.tiers,
    )


async def _keep(
    platform: Platform,
    caller: Caller,
    record: ExecutionRecord,
    recovery: Recovery | None,
    queueing: Queueing,
    wishes: tuple[Wanted, ...],
    keep: Keep,
) -> None:
    spec = execution_pb2.ExecutionSpec.FromString(record.spec)
    recovery_uri = await _keep_recovery(platform, record, recovery) if recovery is not None else ""
    created = events.Created(
        at=record.created_at,
        workflow=record.workflow,
        inputs=record.inputs,
        max_parallelism=spec.max_parallelism,
        interruptible=spec.interruptible.value if spec.HasField("interruptible") else None,
        overwrite_cache=spec.overwrite_cache,
        execution=str(record.id),
        system_retries=platform.system_retries,
        recovery_uri=recovery_uri,
        memory_growth=platform.memory_growth,
        queueing=queueing,
        offload=values.offload_rule(platform, record.id.project, record.id.domain),
        incarnation=record.incarnation,
        echoes=True,
        wishes=wishes,
    )
    audit = platform.audit(
        caller,
        "launch",
        f"execution {record.id}",
        project=record.id.project,
        domain=record.id.domain,
        detail=str(record.launch_plan),
    )
    if not await keep(record, events.encode(created), audit):
        raise _exists(record.id)


async def _keep_recovery(platform: Platform, record: ExecutionRecord, recovery: Recovery) -> str:
    """Keep the inventory that an execution takes over, as an object beside its others. Returns its URI."""
    uri = layout.recovery_uri(platform.blobs, record.id, incarnation=record.incarnation)
    await platform.blobs.put(uri, encode(recovery))
    return uri


async def require_room(platform: Platform, target: Target) -> None:
    """Raise `ResourceExhausted` if as many runs of a launch plan are open as may be. What is launched at the same time
    is not seen, as in Flyte."""
    most = target.plan.concurrency_policy.max
    if most and len(await platform.store.executions.open_of(*target.id[:3], limit=most)) >= most:
        raise ResourceExhausted(
            "ConcurrencyLimit",
            f"{most} runs of launch plan `{target.id.name}` are open, which is as many as may be",
            fix="wait for the end of one, or abort it",
        )


async def require_runnable(platform: Platform, target: Target, place: Place, wishes: tuple[Wanted, ...]) -> None:
    """Raise `InvalidInput` for a task that no executor of this platform can run."""
    if target.skeleton is not None:
        platform.runnable.require_task(target.skeleton.task, place, wishes)
    else:
        await platform.runnable.require(platform.store, target.workflow, place, wishes)


async def require_free(platform: Platform, id: ExecutionId) -> None:
    """Raise `AlreadyExists` if there is a run of this name."""
    if await platform.store.executions.get(id) is not None:
        raise _exists(id)


def _exists(id: ExecutionId) -> AlreadyExists:
    return AlreadyExists("ExecutionExists", f"execution `{id}` exists", fix="choose another name, or none")
