"""Executions, node executions and task executions as messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec
from flyteidl.admin import common_pb2, execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import catalog_pb2, identifier_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.event import event_pb2

from alula.core.engine.attempt_info import ExternalResource, LogLink
from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    ExecutionPhase,
    ItemRecord,
    NodeRecord,
    Reason,
)
from alula.core.engine.usage import Figure, Usage
from alula.core.error_text import short_code, short_message
from alula.core.errors import TaskError
from alula.core.ids import AttemptId, EntityId, ExecutionId, unique_key
from alula.server.services.messages.names import execution_identifier, identifier, node_identifier
from alula.server.services.messages.times import duration, timestamp
from alula.server.store.executions import ExecutionRecord

LIST_ERROR_MAX_CHARS = 100
FULL_ITEM_ERRORS = 100
"""The number of items of an array that tell their errors at length; those of all would not fit into one message."""
ITEM_ERROR_MAX_CHARS = 4_000
ITEM_USAGES = 1_000
"""The number of first items of an array that tell their usage."""
_ORIGINS = {
    "USER": core_execution_pb2.ExecutionError.USER,
    "SYSTEM": core_execution_pb2.ExecutionError.SYSTEM,
}
_ANY_INSTANCE = event_pb2.TaskExecutionMetadata.DEFAULT
_INTERRUPTIBLE = event_pb2.TaskExecutionMetadata.INTERRUPTIBLE
_ENDED_BADLY = (ExecutionPhase.ABORTED, ExecutionPhase.ABORTING)


def execution_error(error: TaskError, *, at: int | None, trim: bool = False) -> core_execution_pb2.ExecutionError:
    """The error of a failure; `trim` shortens the message as lists do."""
    return core_execution_pb2.ExecutionError(
        code=short_code(error.code),
        message=_text(error.message, trim=trim),
        kind=_ORIGINS[error.kind],
        timestamp=timestamp(at),
    )


def execution(record: ExecutionRecord, *, trim: bool = False) -> execution_pb2.Execution:
    """A run: its request and its state."""
    closure = execution_pb2.ExecutionClosure(
        phase=int(record.phase),  # pyright: ignore[reportArgumentType]  stubs call a protobuf enum its own class
        created_at=timestamp(record.created_at),
        updated_at=timestamp(record.updated_at),
        started_at=timestamp(record.started_at),
        duration=duration(record.started_at, record.ended_at),
        workflow_id=identifier("workflow", record.workflow),
        state_change_details=execution_pb2.ExecutionStateChangeDetails(
            state=execution_pb2.EXECUTION_ARCHIVED if record.archived else execution_pb2.EXECUTION_ACTIVE,
            occurred_at=timestamp(record.created_at),
            principal=record.principal,
        ),
    )
    if record.phase in _ENDED_BADLY:
        closure.abort_metadata.cause = _text(record.abort_cause or "", trim=trim)
        closure.abort_metadata.principal = record.abort_principal or ""
    elif record.error is not None:
        closure.error.CopyFrom(execution_error(record.error, at=record.ended_at, trim=trim))
    spec = execution_pb2.ExecutionSpec.FromString(record.spec)
    closure.notifications.extend(spec.notifications.notifications)
    return execution_pb2.Execution(id=execution_identifier(record.id), spec=spec, closure=closure)


def node_execution(
    record: NodeRecord, execution: ExecutionId, *, input_uri: str, trim: bool = False
) -> node_execution_pb2.NodeExecution:
    """One node as it ran."""
    closure = node_execution_pb2.NodeExecutionClosure(
        phase=int(record.phase),  # pyright: ignore[reportArgumentType]  stubs call a protobuf enum its own class
        created_at=timestamp(record.created_at),
        updated_at=timestamp(record.updated_at),
        started_at=timestamp(record.started_at),
        duration=duration(record.started_at, record.ended_at),
        deck_uri=record.deck_uri or "",
    )
    if record.error is not None:
        closure.error.CopyFrom(execution_error(record.error, at=record.ended_at, trim=trim))
    if record.child:
        closure.workflow_node_metadata.executionId.CopyFrom(
            execution_identifier(ExecutionId(execution.project, execution.domain, record.child))
        )
    if record.cache_status is not None:
        metadata = closure.task_node_metadata
        metadata.cache_status = int(record.cache_status)  # pyright: ignore[reportAttributeAccessIssue]  as above
        if record.cache_source:
            metadata.catalog_key.CopyFrom(_catalog_metadata(record.cache_source))
    return node_execution_pb2.NodeExecution(
        id=node_identifier(execution, record.node_id),
        input_uri=input_uri,
        closure=closure,
        metadata=node_execution_pb2.NodeExecutionMetaData(
            is_parent_node=bool(record.is_parent),
            is_dynamic=bool(record.is_dynamic),
            is_array=bool(record.is_array),
            spec_node_id=record.spec_node_id or record.node_id,
        ),
    )


def task_execution(
    record: AttemptRecord,
    execution: ExecutionId,
    *,
    incarnation: str = "",
    input_uri: str,
    log_uri: str,
    items: Sequence[ItemRecord] = (),
    phases: Mapping[AttemptPhase, int] = MappingProxyType({}),
    item_log_uris: Sequence[str] = (),
    reasons: Sequence[Reason] = (),
    trim: bool = False,
) -> task_execution_pb2.TaskExecution:
    """One attempt. `items` are the first ones of an array node, with the log of each; `phases` counts them all."""
    attempt = AttemptId(execution, record.node_id, record.attempt)
    closure = task_execution_pb2.TaskExecutionClosure(
        phase=int(record.phase),  # pyright: ignore[reportArgumentType]  stubs call a protobuf enum its own class
        created_at=timestamp(record.created_at),
        updated_at=timestamp(record.updated_at),
        started_at=timestamp(record.started_at),
        duration=duration(record.started_at, record.ended_at),
        task_type=record.task_type or "",
        reason=short_message(reasons[-1].text) if reasons else "",
        reasons=[
            task_execution_pb2.Reason(occurred_at=timestamp(r.at), message=short_message(r.text)) for r in reasons
        ],
        metadata=event_pb2.TaskExecutionMetadata(
            generated_name=unique_key(attempt, incarnation),
            instance_class=_INTERRUPTIBLE if record.is_interruptible else _ANY_INSTANCE,
            plugin_identifier=record.executor or "",
            external_resources=_external_resources(items, attempt, incarnation, item_log_uris, trim=trim),
        ),
        logs=map(_log_link, record.logs or ()),
    )
    if record.info is not None:
        closure.custom_info.update(record.info.custom)
        closure.metadata.external_resources.extend(map(_resource_elsewhere, record.info.resources))
    if record.usage is not None:
        closure.custom_info.update({"usage": _usage(record.usage)})
    if record.size is not None:
        counts = {phase.name: count for phase, count in phases.items()}
        closure.custom_info.update({"array": {"size": record.size, "phases": counts}})
    if log_uri:
        closure.logs.append(core_execution_pb2.TaskLog(uri=log_uri, name="log"))
    if record.error is not None:
        closure.error.CopyFrom(execution_error(record.error, at=record.ended_at, trim=trim))
    return task_execution_pb2.TaskExecution(
        id=task_execution_identifier(record, execution), input_uri=input_uri, closure=closure
    )


def task_execution_identifier(record: AttemptRecord, execution: ExecutionId) -> identifier_pb2.TaskExecutionIdentifier:
    """The message that names an attempt."""
    return identifier_pb2.TaskExecutionIdentifier(
        task_id=identifier("task", record.task or EntityId("", "", "", "")),
        node_execution_id=node_identifier(execution, record.node_id),
        retry_attempt=record.attempt,
    )


def flyte_urls(execution: ExecutionId, node_id: str, *, attempt: int | None, deck: bool) -> common_pb2.FlyteURLs:
    """`flyte://` names of the data of a node, or of one attempt of it."""
    base = f"flyte://v1/{execution}/{node_id}" + (f"/{attempt}" if attempt is not None else "")
    return common_pb2.FlyteURLs(inputs=f"{base}/i", outputs=f"{base}/o", deck=f"{base}/d" if deck else "")


def _external_resources(
    items: Sequence[ItemRecord], array: AttemptId, incarnation: str, log_uris: Sequence[str], *, trim: bool
) -> list[event_pb2.ExternalResourceInfo]:
    """The items; the first that failed tell their errors at length."""
    at_length = 0 if trim else FULL_ITEM_ERRORS
    resources: list[event_pb2.ExternalResourceInfo] = []
    for place, (item, log_uri) in enumerate(zip(items, log_uris, strict=True)):
        longest = ITEM_ERROR_MAX_CHARS if at_length > 0 else LIST_ERROR_MAX_CHARS
        resource = _external_resource(item, array, incarnation, log_uri, longest)
        if item.usage is not None and place < ITEM_USAGES and not trim:
            resource.custom_info.update({"usage": _usage(item.usage)})
        resources.append(resource)
        at_length -= item.error is not None
    return resources


def _external_resource(
    item: ItemRecord, array: AttemptId, incarnation: str, log_uri: str, error_max_chars: int
) -> event_pb2.ExternalResourceInfo:
    resource = event_pb2.ExternalResourceInfo(
        external_id=unique_key(AttemptId(array.execution, array.node_id, item.attempt, item.index), incarnation),
        index=item.index,
        retry_attempt=item.attempt,
        phase=int(item.phase),  # pyright: ignore[reportArgumentType]  stubs call a protobuf enum its own class
        cache_status=int(item.cache_status or 0),  # pyright: ignore[reportArgumentType]  as above
        logs=map(_log_link, item.logs or ()),
    )
    if item.info is not None:
        resource.custom_info.update(item.info.custom)
    if log_uri and item.phase is not AttemptPhase.QUEUED:
        resource.logs.append(core_execution_pb2.TaskLog(uri=log_uri, name=f"log [{item.index}]"))
    if item.error is not None:
        message = _shortened(item.error.message, error_max_chars)
        resource.custom_info.update({"error": {"code": short_code(item.error.code), "message": message}})
    return resource


def _resource_elsewhere(resource: ExternalResource) -> event_pb2.ExternalResourceInfo:
    return event_pb2.ExternalResourceInfo(
        external_id=resource.id,
        phase=resource.phase,
        logs=map(_log_link, resource.logs),
    )


def _usage(usage: Usage) -> dict[str, dict[str, str | int]]:
    """The figures that are known."""
    figures: dict[str, Figure | None] = msgspec.structs.asdict(usage)
    return {name: msgspec.structs.asdict(figure) for name, figure in figures.items() if figure is not None}


def _log_link(log: LogLink) -> core_execution_pb2.TaskLog:
    return core_execution_pb2.TaskLog(uri=log.uri, name=log.name, message_format=log.format)


def _text(text: str, *, trim: bool) -> str:
    return _shortened(text, LIST_ERROR_MAX_CHARS) if trim else short_message(text)


def _shortened(message: str, max_chars: int) -> str:
    return message if len(message) <= max_chars else message[:max_chars] + "..."


def _catalog_metadata(source: str) -> catalog_pb2.CatalogMetadata:
    """The source `project/domain/execution/node/attempt` as a message, without the item `[i]` of an array: Flyte has no
    place for it."""
    project, domain, name, node_id, attempt = source.split("/")
    return catalog_pb2.CatalogMetadata(
        source_task_execution=identifier_pb2.TaskExecutionIdentifier(
            node_execution_id=node_identifier(ExecutionId(project, domain, name), node_id.partition("[")[0]),
            retry_attempt=int(attempt),
        )
    )
