"""Reading executions: one, pages, their data, why; and putting them aside."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import identifier_pb2

from alula.core.errors import NotFound
from alula.core.ids import ExecutionId, Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import filters, messages, pages, values
from alula.server.services.messages.names import execution_id
from alula.server.services.platform import Platform
from alula.server.services.watch import Subscription
from alula.server.store.executions import EXECUTIONS, ExecutionRecord
from alula.server.store.query import Filter

EAGER_LABEL = "eager-exec"
"""Carried by the runs of an eager task, whose controller asks for one after the other."""


async def require_execution(
    platform: Platform, caller: Caller, id: ExecutionId, *actions: Action, with_values: bool = True
) -> ExecutionRecord:
    """The execution of this id. Raises `PermissionDenied` unless `caller` may do one of `actions` there, and
    `NotFound`."""
    await platform.require(caller, id.place, *actions)
    return await read_execution(platform, id, with_values=with_values)


async def read_execution(platform: Platform, id: ExecutionId, *, with_values: bool = True) -> ExecutionRecord:
    """The same without asking for a right: for callers whose right was checked, and for the platform. Raises
    `NotFound`."""
    record = await platform.store.executions.get(id, with_values=with_values)
    if record is None:
        raise await missing(platform, id)
    return record


async def missing(platform: Platform, id: ExecutionId) -> NotFound:
    """The refusal of an execution that is not there, or not any more."""
    removal = await platform.store.removals.find(id)
    if removal is None:
        return NotFound("ExecutionNotFound", f"there is no execution `{id}`")
    at = datetime.fromtimestamp(removal.removed_at // 1_000_000, UTC)
    return NotFound(
        "ExecutionRemoved",
        f"execution `{id}` was removed on {at:%Y-%m-%d %H:%M} UTC by retention rule `{removal.rule}`",
        fix="`alula keep RUN` has others stay",
    )


async def get_execution(
    platform: Platform,
    caller: Caller,
    id: identifier_pb2.WorkflowExecutionIdentifier,
    *,
    hold_s: float = 0,
) -> execution_pb2.Execution:
    """A run as it stands; with `hold_s`, as it ended if it ends within that time. Raises `NotFound`."""
    name = execution_id(id)
    record = await require_execution(platform, caller, name, Action.VIEW)
    if hold_s > 0 and not record.phase.is_terminal and EAGER_LABEL not in record.labels:
        record = await _held(platform, name, hold_s)
    return messages.runs.execution(record)


async def _held(platform: Platform, id: ExecutionId, hold_s: float) -> ExecutionRecord:
    loop = asyncio.get_running_loop()
    until = loop.time() + hold_s
    with platform.hub.watch(id) as subscription:
        while True:
            record = await read_execution(platform, id)
            left_s = until - loop.time()
            if record.phase.is_terminal or left_s <= 0 or subscription.closed:
                return record
            await _next_end(subscription, min(left_s, platform.recheck_s))


async def _next_end(subscription: Subscription, timeout_s: float) -> None:
    """Wait for news of an end, or of any that was lost; commits in between don't count, so that they cost no read
    each."""
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    while (left_s := until - loop.time()) > 0 and not subscription.closed:
        news = await subscription.next(timeout_s=left_s)
        if news is not None and (news.nodes is None or (news.phase is not None and news.phase.is_terminal)):
            return


async def list_executions(
    platform: Platform, caller: Caller, request: common_pb2.ResourceListRequest
) -> execution_pb2.ExecutionList:
    """A page of a project's and domain's executions, of all that `caller` may view where the request leaves one out;
    archived ones only if a filter on state asks."""
    places = None
    if request.id.project and request.id.domain:
        await platform.require(caller, Place(request.id.project, request.id.domain), Action.VIEW)
    else:
        places = await platform.viewable(caller)
    extra = [
        Filter(field, "eq", (value,))
        for field, value in (
            ("project", request.id.project),
            ("domain", request.id.domain),
            ("name", request.id.name),
        )
        if value
    ]
    asked = filters.parse(request.filters, filters.EXECUTION_FIELDS)
    if not any(condition.field == "state" for condition in asked):
        extra.append(Filter("state", "eq", ("EXECUTION_ACTIVE",)))
    page = filters.query(
        filters.EXECUTION_FIELDS,
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=request.sort_by if request.HasField("sort_by") else None,
        extra=extra,
        places=places,
    )
    shown, following = await pages.read(
        page, EXECUTIONS, platform.store.executions.page, lambda row: messages.runs.execution(row, trim=True)
    )
    return execution_pb2.ExecutionList(executions=shown, token=following)


async def get_execution_data(
    platform: Platform, caller: Caller, id: identifier_pb2.WorkflowExecutionIdentifier
) -> execution_pb2.WorkflowExecutionGetDataResponse:
    """The inputs of a run and, when it has succeeded, its outputs. Raises `NotFound`."""
    record = await require_execution(platform, caller, execution_id(id), Action.VIEW)
    return execution_pb2.WorkflowExecutionGetDataResponse(
        full_inputs=await values.shown(platform.blobs, record.id, record.inputs),
        full_outputs=await values.shown(platform.blobs, record.id, record.outputs or b""),
    )


async def update_execution(platform: Platform, caller: Caller, request: execution_pb2.ExecutionUpdateRequest) -> None:
    """Put a run aside, or take it back. Raises `NotFound`."""
    id = execution_id(request.id)
    await platform.require(caller, id.place, Action.STEER)
    archived = request.state == execution_pb2.EXECUTION_ARCHIVED
    audit = platform.audit(
        caller,
        "archive" if archived else "unarchive",
        f"execution {id}",
        project=id.project,
        domain=id.domain,
    )
    if not await platform.store.executions.set_archived(id, archived=archived, audit=audit):
        raise await missing(platform, id)
