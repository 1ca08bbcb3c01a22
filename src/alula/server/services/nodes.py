"""Reading the nodes of a run and their attempts, with their data."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from flyteidl.admin import common_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import compiler_pb2, identifier_pb2

from alula.core.engine.records import AttemptPhase, AttemptRecord, ItemRecord, NodeRecord, Reason
from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import filters, layout, messages, pages, values
from alula.server.services.console.shown import limited
from alula.server.services.executions import read_execution, require_execution
from alula.server.services.messages.names import execution_id
from alula.server.services.platform import Platform
from alula.server.store.attempts import ATTEMPTS
from alula.server.store.nodes import NODES
from alula.server.store.query import Filter, Query

ITEMS_SHOWN_MAX = 10_000
"""Items of an array node inside one message; more would not pass a client's limit on a message."""
ALL_REASONS = 2**62
LINKED_ITEMS_MAX = 1_000
"""Items that carry a link to their log as well."""
_BY_NUMBER = common_pb2.Sort(key="attempt", direction=common_pb2.Sort.ASCENDING)


async def get_node_execution(
    platform: Platform, caller: Caller, id: identifier_pb2.NodeExecutionIdentifier
) -> node_execution_pb2.NodeExecution:
    """Raises `NotFound`."""
    execution, node = await _require_node(platform, caller, id)
    incarnation = await _incarnation(platform, execution)
    return _node_message(platform, execution, node, incarnation)


async def list_node_executions(
    platform: Platform, caller: Caller, request: node_execution_pb2.NodeExecutionListRequest
) -> node_execution_pb2.NodeExecutionList:
    """A page of the nodes at the top of a run, or inside the node that the request names as parent."""
    execution = execution_id(request.workflow_execution_id)
    await platform.require(caller, execution.place, Action.VIEW)
    page = filters.query(
        filters.NODE_FIELDS,
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=request.sort_by if request.HasField("sort_by") else None,
    )
    return await _page_of(platform, execution, request.unique_parent_id, page)


async def get_node_execution_data(
    platform: Platform, caller: Caller, id: identifier_pb2.NodeExecutionIdentifier
) -> node_execution_pb2.NodeExecutionGetDataResponse:
    """Inputs and outputs of a node, as far as they are known. Raises `NotFound`."""
    execution, node = await _require_node(platform, caller, id)
    dynamic = None
    if node.dynamic_uri:
        closure = await _dynamic_closure(platform, node.dynamic_uri)
        dynamic = node_execution_pb2.DynamicWorkflowNodeMetadata(
            id=closure.primary.template.id, compiled_workflow=closure, dynamic_job_spec_uri=node.dynamic_uri
        )
    return node_execution_pb2.NodeExecutionGetDataResponse(
        dynamic_workflow=dynamic,
        full_inputs=await values.shown(platform.blobs, execution, node.inputs or b""),
        full_outputs=await values.shown(platform.blobs, execution, node.outputs or b""),
        flyte_urls=messages.runs.flyte_urls(execution, node.node_id, attempt=None, deck=bool(node.deck_uri)),
    )


async def get_dynamic_workflow(
    platform: Platform, caller: Caller, id: identifier_pb2.NodeExecutionIdentifier
) -> node_execution_pb2.DynamicNodeWorkflowResponse:
    """The graph that a dynamic task made. Raises `NotFound` when the node made none, or none yet."""
    execution, node = await _require_node(platform, caller, id)
    if not node.dynamic_uri:
        raise NotFound("DynamicWorkflowNotFound", f"node `{node.node_id}` of execution `{execution}` has made no graph")
    return node_execution_pb2.DynamicNodeWorkflowResponse(
        compiled_workflow=await _dynamic_closure(platform, node.dynamic_uri)
    )


async def list_node_executions_of_attempt(
    platform: Platform, caller: Caller, request: node_execution_pb2.NodeExecutionForTaskListRequest
) -> node_execution_pb2.NodeExecutionList:
    """A page of the nodes of the graph that an attempt of a dynamic task made. Raises `NotFound`."""
    execution, node, attempt = await _require_attempt(platform, caller, request.task_execution_id)
    page = filters.query(
        filters.NODE_FIELDS,
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=request.sort_by if request.HasField("sort_by") else None,
    )
    # Only the attempt that made the graph ends well, and none follows it.
    made_it = node.is_dynamic and attempt.phase is AttemptPhase.SUCCEEDED
    if not made_it:
        return node_execution_pb2.NodeExecutionList()
    return await _page_of(platform, execution, node.node_id, page)


async def list_task_executions(
    platform: Platform, caller: Caller, request: task_execution_pb2.TaskExecutionListRequest
) -> task_execution_pb2.TaskExecutionList:
    """A page of the attempts of a node, by number. A node that runs no task has none."""
    execution, node = await _require_node(platform, caller, request.node_execution_id)
    page = filters.query(
        filters.ATTEMPT_FIELDS,
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=_BY_NUMBER,
    )
    shown, following = await pages.read(
        page,
        ATTEMPTS,
        partial(platform.store.attempts.page, execution, node.node_id),
        await _attempt_messages(platform, execution, node, trim=True),
        portion=pages.PORTION_SMALL_ROWS,
    )
    return task_execution_pb2.TaskExecutionList(task_executions=shown, token=following)


async def get_task_execution(
    platform: Platform, caller: Caller, id: identifier_pb2.TaskExecutionIdentifier
) -> task_execution_pb2.TaskExecution:
    """Raises `NotFound`."""
    execution, node, record = await _require_attempt(platform, caller, id)
    return await asyncio.to_thread(await _attempt_messages(platform, execution, node), record)


async def get_task_execution_data(
    platform: Platform, caller: Caller, id: identifier_pb2.TaskExecutionIdentifier
) -> task_execution_pb2.TaskExecutionGetDataResponse:
    """Inputs of an attempt, and its outputs when it is the one that succeeded. Raises `NotFound`."""
    execution, node, record = await _require_attempt(platform, caller, id)
    outputs = node.outputs if record.phase is AttemptPhase.SUCCEEDED else None
    return task_execution_pb2.TaskExecutionGetDataResponse(
        full_inputs=await values.shown(platform.blobs, execution, node.inputs or b""),
        full_outputs=await values.shown(platform.blobs, execution, outputs or b""),
        flyte_urls=messages.runs.flyte_urls(execution, node.node_id, attempt=record.attempt, deck=bool(node.deck_uri)),
    )


async def list_reasons(
    platform: Platform,
    caller: Caller,
    execution: ExecutionId,
    *,
    node_id: str | None = None,
    index: int | None = None,
    code: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> tuple[list[Reason], int]:
    """The reasons why a run, or one node or item of it, is as it is, in the order in which they came: with a limit
    those after number `after`. Also the number of the last one, where more follow; else 0. Raises `NotFound`."""
    await require_execution(platform, caller, execution, Action.VIEW, with_values=False)
    most = ALL_REASONS if limit is None else limited(limit)
    found = await platform.store.reasons.page(
        execution, node_id=node_id, index=index, code=code, after=after, limit=most + 1
    )
    return [reason for _, reason in found[:most]], found[most - 1][0] if len(found) > most else 0


async def _dynamic_closure(platform: Platform, uri: str) -> compiler_pb2.CompiledWorkflowClosure:
    return compiler_pb2.CompiledWorkflowClosure.FromString(await platform.blobs.get(uri))


async def _page_of(
    platform: Platform, execution: ExecutionId, parent: str, page: Query
) -> node_execution_pb2.NodeExecutionList:
    incarnation = await _incarnation(platform, execution)
    shown, following = await pages.read(
        page,
        NODES,
        partial(platform.store.nodes.page, execution, parent),
        lambda row: _node_message(platform, execution, row, incarnation, trim=True),
        portion=pages.PORTION_SMALL_ROWS,
    )
    return node_execution_pb2.NodeExecutionList(node_executions=shown, token=following)


async def _incarnation(platform: Platform, execution: ExecutionId) -> str:
    return (await read_execution(platform, execution)).incarnation


async def read_attempt(platform: Platform, execution: ExecutionId, node_id: str, number: int) -> AttemptRecord | None:
    """The attempt of this number; None if the node has none. Asks for no right."""
    one = Query(limit=1, filters=(Filter("attempt", "eq", (str(number),)),))
    return next(iter(await platform.store.attempts.page(execution, node_id, one)), None)


async def _require_node(
    platform: Platform, caller: Caller, id: identifier_pb2.NodeExecutionIdentifier
) -> tuple[ExecutionId, NodeRecord]:
    execution = execution_id(id.execution_id)
    if not id.node_id:
        raise InvalidInput("IncompleteIdentifier", "the node execution's identifier has no node id")
    await platform.require(caller, execution.place, Action.VIEW)
    node = await platform.store.nodes.get(execution, id.node_id)
    if node is None:
        raise NotFound("NodeExecutionNotFound", f"execution `{execution}` has no node `{id.node_id}`")
    return execution, node


async def _require_attempt(
    platform: Platform, caller: Caller, id: identifier_pb2.TaskExecutionIdentifier
) -> tuple[ExecutionId, NodeRecord, AttemptRecord]:
    execution, node = await _require_node(platform, caller, id.node_execution_id)
    record = await read_attempt(platform, execution, node.node_id, id.retry_attempt)
    if record is not None:
        return execution, node, record
    raise NotFound(
        "TaskExecutionNotFound",
        f"node `{node.node_id}` of execution `{execution}` has no attempt {id.retry_attempt}",
    )


def _node_message(
    platform: Platform, execution: ExecutionId, node: NodeRecord, incarnation: str, *, trim: bool = False
) -> node_execution_pb2.NodeExecution:
    uri = layout.input_uri(platform.blobs, execution, node.node_id, incarnation=incarnation)
    return messages.runs.node_execution(node, execution, input_uri=uri, trim=trim)


async def _attempt_messages(
    platform: Platform, execution: ExecutionId, node: NodeRecord, *, trim: bool = False
) -> Callable[[AttemptRecord], task_execution_pb2.TaskExecution]:
    """A function that shows attempts of a node: it has read once what they share."""
    incarnation = await _incarnation(platform, execution)
    items: Sequence[ItemRecord] = ()
    phases: Mapping[AttemptPhase, int] = {}
    if node.is_array:
        page = Query(limit=ITEMS_SHOWN_MAX, sort_by="index", descending=False)
        items = await platform.store.items.page(execution, node.node_id, page)
        phases = (await platform.store.items.counts(execution, [node.node_id])).get(node.node_id, {})
    reasons: dict[int, list[tuple[int, Reason]]] = defaultdict(list)
    for place, reason in enumerate(await platform.store.reasons.read(execution, node.node_id)):
        if reason.index < 0:
            reasons[reason.attempt].append((place, reason))
    item_log_uris = [
        _log_link(platform, execution, node.node_id, item.attempt, item.index) if place < LINKED_ITEMS_MAX else ""
        for place, item in enumerate(items)
    ]

    def message(record: AttemptRecord) -> task_execution_pb2.TaskExecution:
        return messages.runs.task_execution(
            record,
            execution,
            incarnation=incarnation,
            input_uri=layout.input_uri(platform.blobs, execution, node.node_id, incarnation=incarnation),
            log_uri="" if node.is_array else _log_link(platform, execution, node.node_id, record.attempt),
            items=items,
            phases=phases,
            item_log_uris=item_log_uris,
            reasons=[reason for _, reason in sorted(reasons.get(-1, []) + reasons.get(record.attempt, []))],
            trim=trim,
        )

    return message


def _log_link(platform: Platform, execution: ExecutionId, node_id: str, attempt: int, index: int = -1) -> str:
    item = f"?index={index}" if index >= 0 else ""
    return f"{platform.http_endpoint}/api/v1/alula/logs/{execution}/{node_id}/{attempt}{item}"
