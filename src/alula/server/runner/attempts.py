"""All that an executor needs for a `StartAttempt`: places of its files, environment, resources, interpreter.

Owns the variables that tell a task its identity (Flyte's names).
"""

from __future__ import annotations

import msgspec
from flyteidl.core import tasks_pb2, workflow_pb2

from alula.core.engine.actions import StartAttempt
from alula.core.engine.plan import PlanNode, PlanTask
from alula.core.ids import AttemptId, EntityId
from alula.core.policy.routing import wish_for
from alula.core.policy.security import run_as, secrets_of
from alula.core.policy.target import environment_of, with_overrides
from alula.core.policy.trace_context import ENVIRONMENT, context_in, launched_in
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec
from alula.server.runner.owned import Owned
from alula.server.services import layout
from alula.server.services.task_resources import resources_of_attempt
from alula.server.store.entities import EntityRecord
from alula.server.store.executions import ExecutionRecord

ARRAY_INDEX = "FLYTE_K8S_ARRAY_INDEX"
ATTEMPT_NUMBER = "FLYTE_ATTEMPT_NUMBER"
LIKE_MAX = 100
"""The number of tasks of one execution that are remembered, with the common part of their attempts."""


def attempt_spec(
    owned: Owned,
    action: StartAttempt,
    plan: PlanNode,
    entity: EntityRecord | None,
    blobs: Blobs,
) -> AttemptSpec:
    """The specification of an attempt; `entity` is the registered task, None for one made at run time."""
    assert plan.task is not None, f"node {action.node_id} has no task"
    own = plan.node.task_node.overrides.SerializeToString(deterministic=True) if plan.node is not None else b""
    key = action.scope, plan.task.id, own, action.overrides, action.out_of_memory, action.index >= 0
    like = owned.like.get(key)
    if like is None:
        if len(owned.like) >= LIKE_MAX:
            owned.like.clear()
        like = owned.like[key] = _specified(owned, action, plan.task, own, entity)
    return _of_attempt(like, owned, action, plan, blobs)


def _of_attempt(like: AttemptSpec, owned: Owned, action: StartAttempt, plan: PlanNode, blobs: Blobs) -> AttemptSpec:
    """The specification of one attempt, from that of another of its task."""
    id = owned.attempt_id(action)
    incarnation = owned.state.created.incarnation
    own_index = action.index if plan.own_inputs else -1
    raw, previous = _raw_prefixes(owned, id, action.checkpoint, blobs)
    environment = {**like.environment, ATTEMPT_NUMBER: str(id.attempt)}
    if id.index >= 0:
        environment[ARRAY_INDEX] = str(id.index)
    if launch := launched_in(like.annotations):
        context = context_in(launch, incarnation, id.node_id, id.attempt, id.index)
        environment[ENVIRONMENT] = str(context)
    return msgspec.structs.replace(
        like,
        id=id,
        inputs=action.inputs,
        input_uri=layout.input_uri(blobs, id.execution, id.node_id, own_index, incarnation=incarnation),
        output_prefix=layout.output_prefix(blobs, id, incarnation=incarnation),
        raw_prefix=raw,
        checkpoint_prefix=layout.checkpoint_prefix(raw),
        previous_checkpoint_prefix=previous,
        environment=environment,
        interruptible=action.interruptible,
        executor=action.executor,
        handle=action.handle,
        claim=owned.claim,
    )


def _specified(
    owned: Owned, action: StartAttempt, planned: PlanTask, own: bytes, entity: EntityRecord | None
) -> AttemptSpec:
    """The common part of all attempts of a task with these overrides; the rest is left empty."""
    record = owned.record
    task = with_overrides(with_overrides(planned.template, _parsed(own)), _parsed(action.overrides))
    resources = resources_of_attempt(
        task,
        record.task_resources,
        memory_growth=owned.state.created.memory_growth,
        out_of_memory=action.out_of_memory,
    )
    queueing = owned.state.created.queueing
    return AttemptSpec(
        id=owned.attempt_id(action),
        task=task,
        inputs=b"",
        input_uri="",
        output_prefix="",
        raw_prefix="",
        checkpoint_prefix="",
        previous_checkpoint_prefix="",
        environment=_environment(owned, planned, task, is_item=action.index >= 0),
        resources=resources,
        labels=dict(owned.spec.labels.values),
        annotations=dict(owned.spec.annotations.values),
        run_as=run_as(task, owned.spec),
        secrets=secrets_of(task),
        queueing_budget_s=queueing.budget_s(owned.state.plan.quality_of_service) if queueing is not None else 0.0,
        interpreter=entity.interpreter if entity else "",
        interpreter_host=entity.interpreter_host if entity else "",
        incarnation=owned.state.created.incarnation,
        wish=wish_for(task.type, owned.state.created.wishes),
        offload=owned.state.created.offload,
    )


def _parsed(overrides: bytes) -> workflow_pb2.TaskNodeOverrides | None:
    return workflow_pb2.TaskNodeOverrides.FromString(overrides) if overrides else None


def _raw_prefixes(owned: Owned, id: AttemptId, checkpoint: str, blobs: Blobs) -> tuple[str, str]:
    """The prefix of the attempt's data, and that of the checkpoint that it goes on from, empty if there is none.
    `checkpoint` is where the first attempt goes on from."""
    incarnation = owned.state.created.incarnation
    raw = layout.raw_prefix(blobs, owned.spec, id, incarnation=incarnation)
    if not id.attempt:
        return raw, checkpoint
    before = id._replace(attempt=id.attempt - 1)
    return raw, layout.checkpoint_prefix(layout.raw_prefix(blobs, owned.spec, before, incarnation=incarnation))


def _environment(owned: Owned, planned: PlanTask, task: tasks_pb2.TaskTemplate, *, is_item: bool) -> dict[str, str]:
    """The task's own variables, then the execution's, then those that identify the task."""
    environment = environment_of(task)
    environment.update({pair.key: pair.value for pair in owned.spec.envs.values})
    environment.update(_identity(owned.record, planned.id))
    if is_item:
        environment["BATCH_JOB_ARRAY_INDEX_VAR_NAME"] = ARRAY_INDEX
        environment["BATCH_JOB_ARRAY_INDEX_OFFSET"] = "0"
    return environment


def _identity(record: ExecutionRecord, task: EntityId) -> dict[str, str]:
    workflow = record.workflow
    return {
        "FLYTE_INTERNAL_EXECUTION_ID": record.id.name,
        "FLYTE_INTERNAL_EXECUTION_PROJECT": record.id.project,
        "FLYTE_INTERNAL_EXECUTION_DOMAIN": record.id.domain,
        "FLYTE_INTERNAL_EXECUTION_WORKFLOW": f"{workflow.project}:{workflow.domain}:{workflow.name}",
        "FLYTE_INTERNAL_EXECUTION_LAUNCHPLAN": record.launch_plan.name,
        "FLYTE_INTERNAL_TASK_PROJECT": task.project,
        "FLYTE_INTERNAL_TASK_DOMAIN": task.domain,
        "FLYTE_INTERNAL_TASK_NAME": task.name,
        "FLYTE_INTERNAL_TASK_VERSION": task.version,
        # The same under their older names, which flytekit-java reads.
        "FLYTE_INTERNAL_PROJECT": task.project,
        "FLYTE_INTERNAL_DOMAIN": task.domain,
        "FLYTE_INTERNAL_NAME": task.name,
        "FLYTE_INTERNAL_VERSION": task.version,
    }
