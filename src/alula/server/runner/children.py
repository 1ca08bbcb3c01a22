"""Executions that launch plan nodes start, and those that eager tasks launch: their launch, abort and end.

All of it is idempotent: a child's name follows from its node, and its end is told by mail to its parent, which also
asks from time to time. An eager task launches by itself and marks what it launches by a label; it can't be relied on to
abort that when it is aborted, so the platform does.
"""

from __future__ import annotations

import contextlib
import functools

from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2

from alula.core.engine import events
from alula.core.engine.actions import AbortChild, LaunchChild
from alula.core.engine.records import ExecutionPhase
from alula.core.engine.recovery import Recovery
from alula.core.errors import (
    AlreadyExists,
    AlulaError,
    FailedPrecondition,
    NotFound,
    TaskError,
    Unavailable,
)
from alula.core.ids import EntityId, ExecutionId
from alula.core.policy.trace_context import TRACEPARENT, context_in, launched_in
from alula.server.identity import Caller
from alula.server.runner.again import again
from alula.server.services.abort import request_abort
from alula.server.services.executions import EAGER_LABEL
from alula.server.services.filters import PAGE_MAX_ROWS
from alula.server.services.launch import create_execution
from alula.server.services.messages.names import execution_identifier, node_identifier
from alula.server.services.platform import Platform
from alula.server.services.recover import inventory_of, require_ended
from alula.server.store.executions import ExecutionRecord
from alula.server.store.query import Filter, Query
from alula.server.trouble import passes

RETRY_S = 1.0


class Children:
    """The part of the platform that a runner needs to serve launch plan nodes."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def launch(self, parent: ExecutionRecord, action: LaunchChild) -> events.ChildEnded | None:
        """Start the child unless it exists. Returns its end, if it has come or can't be waited for.

        Raises `Unavailable` if the store can't be reached, `ResourceExhausted` while it has no room.
        """
        child = _child_id(parent.id, action.child)
        # Asked first, for most calls are about children that run; and a right to launch that was withdrawn since does
        # not end what was launched with it.
        if (record := await self._platform.store.executions.get(child)) is not None:
            return self._end_of(record)
        try:
            recovery = await self._recovery(parent, action)
            request = _request(parent, action)
            if recovery is not None:
                origin = execution_identifier(_child_id(parent.id, action.recovers))
                request.spec.metadata.reference_execution.CopyFrom(origin)
            await create_execution(self._platform, _caller(parent), request, recovery=recovery)
        except AlreadyExists:
            pass  # since a moment: its end is told by mail, or found when it is asked for again
        except AlulaError as error:
            if passes(error):
                raise
            return self._not_launched(action, error)
        return None

    async def _recovery(self, parent: ExecutionRecord, action: LaunchChild) -> Recovery | None:
        """The results that a child takes over from the one of an earlier execution; None if that was never launched.

        Raises `Unavailable` while that one has yet to end: its parent's abort may still be on its way to it.
        """
        if not action.recovers:
            return None
        try:
            source = await require_ended(self._platform, _caller(parent), _child_id(parent.id, action.recovers))
        except NotFound:
            return None
        except FailedPrecondition as error:
            raise Unavailable(error.code, error.message) from error
        return await inventory_of(self._platform, source)

    async def abort(self, parent: ExecutionRecord, action: AbortChild) -> None:
        """Ask for the end of a child that has not ended, again for as long as the store can't be reached."""
        child = _child_id(parent.id, action.child)
        with contextlib.suppress(NotFound, FailedPrecondition):
            request = functools.partial(request_abort, self._platform, _caller(parent), child, action.cause)
            await again(request, parent.id, every_s=RETRY_S)

    async def abort_launched(self, parent: ExecutionRecord) -> None:
        """Ask for the end of the executions that an execution's eager tasks have launched."""
        asked = {
            "project": parent.id.project,
            "domain": parent.id.domain,
            "execution_tag.key": EAGER_LABEL,
            "execution_tag.value": parent.id.name,
        }
        still_open = Filter("phase", "value_in", tuple(phase.name for phase in ExecutionPhase if not phase.is_terminal))
        filters = (still_open, *(Filter(field, "eq", (value,)) for field, value in asked.items()))
        query = Query(limit=PAGE_MAX_ROWS, filters=filters)
        launched = await again(lambda: self._platform.store.executions.page(query), parent.id, every_s=RETRY_S)
        for child in launched:
            await self.abort(parent, AbortChild(child.id.name, f"{parent.id}, whose task launched it, was aborted"))

    async def orphaned(self, record: ExecutionRecord, spec: execution_pb2.ExecutionSpec) -> str:
        """The reason that an execution should not run on: the node or the eager task that started it has come to an
        end. Empty if it should. Raises `Unavailable`."""
        launcher = spec.labels.values.get(EAGER_LABEL, "")
        if launcher and not spec.metadata.HasField("reference_execution"):  # else a person launched it again
            parent = await self._platform.store.executions.get(_child_id(record.id, launcher))
            if parent is not None and parent.phase.is_terminal and parent.phase is not ExecutionPhase.SUCCEEDED:
                return f"{parent.id}, whose task launched it, has ended: {parent.phase.name}"
        around = _parent(record.id, spec)
        if around is None:
            return ""
        node_id = spec.metadata.parent_node_execution.node_id
        ended = await self._platform.store.nodes.get(around, node_id)
        if ended is None or not ended.phase.is_terminal:
            return ""
        return f"its parent node {node_id} of {around} has ended: {ended.phase.name}"

    async def tell_parent(self, child: ExecutionRecord, spec: execution_pb2.ExecutionSpec) -> None:
        """Mail the end of an execution to the one whose node started it, if one did."""
        id = _parent(child.id, spec)
        if id is None:
            return
        record = await self._platform.store.executions.get(child.id)
        end = None if record is None else self._end_of(record)
        if end is None:
            return
        audit = self._platform.audit(
            _caller(child),
            "end",
            f"execution {child.id}",
            project=id.project,
            domain=id.domain,
            detail=f"child of {id}",
        )
        try:
            await self._platform.store.inbox.post(id, events.encode(end), audit)
        except (NotFound, FailedPrecondition):
            return  # the parent does not wait for it any more

    def _not_launched(self, action: LaunchChild, error: AlulaError) -> events.ChildEnded:
        failed = TaskError(error.code, f"launch plan {action.launch_plan} can't be launched: {error}")
        return events.ChildEnded(self._platform.clock(), action.child, error=failed)

    def _end_of(self, record: ExecutionRecord) -> events.ChildEnded | None:
        child = record.id
        if not record.phase.is_terminal:
            return None
        at = self._platform.clock()
        if record.phase is ExecutionPhase.SUCCEEDED:
            return events.ChildEnded(at, child.name, outputs=record.outputs or b"")
        if record.phase is ExecutionPhase.ABORTED:
            cause = f"child execution {child} was aborted: {record.abort_cause}"
            return events.ChildEnded(at, child.name, error=TaskError("RemoteChildWorkflowExecutionFailed", cause))
        failed = record.error or TaskError("RemoteChildWorkflowExecutionFailed", f"child execution {child} failed")
        return events.ChildEnded(at, child.name, error=failed)


def _child_id(parent: ExecutionId, name: str) -> ExecutionId:
    return ExecutionId(parent.project, parent.domain, name)


def _parent(child: ExecutionId, spec: execution_pb2.ExecutionSpec) -> ExecutionId | None:
    """The execution whose node started a child, None if there is none.

    A client may name any execution as the parent of what it launches. An execution of another project or domain has no
    such child, and is told of none.
    """
    if not spec.metadata.HasField("parent_node_execution"):
        return None
    named = spec.metadata.parent_node_execution.execution_id
    parent = ExecutionId(named.project, named.domain, named.name)
    return parent if parent.place == child.place else None


def _caller(record: ExecutionRecord) -> Caller:
    """The principal of the parent: its children are launched, and ended, on behalf of that."""
    return Caller(record.principal)


def _request(parent: ExecutionRecord, action: LaunchChild) -> execution_pb2.ExecutionCreateRequest:
    """The launch of a child, with the parent's settings where Flyte hands them on."""
    of = execution_pb2.ExecutionSpec.FromString(parent.spec)
    spec = execution_pb2.ExecutionSpec(
        launch_plan=_identifier(action.launch_plan),
        labels=of.labels,
        annotations=of.annotations,
        envs=of.envs,
        max_parallelism=of.max_parallelism,
        overwrite_cache=of.overwrite_cache,
    )
    for field in ("security_context", "raw_output_data_config", "interruptible", "quality_of_service"):
        if of.HasField(field):
            getattr(spec, field).CopyFrom(getattr(of, field))
    if launch := launched_in(of.annotations.values):
        spec.annotations.values[TRACEPARENT] = str(context_in(launch, parent.incarnation, action.node_id))
    spec.metadata.mode = execution_pb2.ExecutionMetadata.CHILD_WORKFLOW
    spec.metadata.nesting = of.metadata.nesting + 1
    spec.metadata.parent_node_execution.CopyFrom(node_identifier(parent.id, action.node_id))
    return execution_pb2.ExecutionCreateRequest(
        project=parent.id.project,
        domain=parent.id.domain,
        name=action.child,
        spec=spec,
        inputs=literals_pb2.LiteralMap.FromString(action.inputs),
    )


def _identifier(id: EntityId) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(
        resource_type=identifier_pb2.LAUNCH_PLAN, project=id.project, domain=id.domain, name=id.name, version=id.version
    )
