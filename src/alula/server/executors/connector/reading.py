"""What a connector says of a job, in the words of the platform. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from flyteidl.admin import agent_pb2
from flyteidl.core import execution_pb2
from google.protobuf.json_format import MessageToDict

from alula.core.engine.attempt_info import AttemptInfo, LogFormat, LogLink
from alula.core.error_text import short_code, short_message
from alula.core.errors import TaskError

MESSAGE_MAX_BYTES = 2000
"""The limit on the message of a job that goes on: each new one is an event of a log."""
LOGS_MAX = 20
INFO_MAX_BYTES = 16 * 1024
GoingPhase: TypeAlias = Literal["QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING"]
_Phase = execution_pb2.TaskExecution
_GOING: dict[int, GoingPhase] = {
    _Phase.QUEUED: "QUEUED",
    _Phase.WAITING_FOR_RESOURCES: "WAITING_FOR_RESOURCES",
    _Phase.INITIALIZING: "INITIALIZING",
    _Phase.RUNNING: "RUNNING",
}
_OF_STATE: dict[int, int] = {
    agent_pb2.PENDING: _Phase.QUEUED,
    agent_pb2.RUNNING: _Phase.RUNNING,
    agent_pb2.SUCCEEDED: _Phase.SUCCEEDED,
    agent_pb2.PERMANENT_FAILURE: _Phase.FAILED,
    agent_pb2.RETRYABLE_FAILURE: _Phase.RETRYABLE_FAILED,
}
"""Older connectors have a state in the place of a phase."""


class Goes(msgspec.Struct, frozen=True):
    """A job that has not ended."""

    phase: GoingPhase
    message: str
    logs: tuple[LogLink, ...] | None
    info: AttemptInfo | None


class Done(msgspec.Struct, frozen=True):
    """A job that has succeeded."""

    outputs: bytes | None
    """Serialized `core.LiteralMap`; None if they are among the objects, if anywhere."""
    logs: tuple[LogLink, ...] | None
    info: AttemptInfo | None


class Failed(msgspec.Struct, frozen=True):
    error: TaskError
    logs: tuple[LogLink, ...] | None
    info: AttemptInfo | None


Seen: TypeAlias = Goes | Done | Failed


def seen_in(resource: agent_pb2.Resource) -> Seen:
    phase = resource.phase or _OF_STATE.get(resource.state, _Phase.UNDEFINED)
    logs, info = _logs(resource), _info(resource)
    if phase == _Phase.SUCCEEDED:
        return Done(resource.outputs.SerializeToString() if resource.HasField("outputs") else None, logs, info)
    if phase in _GOING:
        return Goes(_GOING[phase], short_message(resource.message, max_bytes=MESSAGE_MAX_BYTES), logs, info)
    return Failed(_error(resource, phase), logs, info)


def _error(resource: agent_pb2.Resource, phase: int) -> TaskError:
    said = short_message(resource.message) or "its connector gives no reason"
    is_recoverable = phase == _Phase.RETRYABLE_FAILED
    if resource.HasField("agent_error"):
        error = resource.agent_error
        kind = "SYSTEM" if error.origin == execution_pb2.ExecutionError.SYSTEM else "USER"
        code = short_code(error.code) or "JobFailed"
        is_recoverable = is_recoverable or error.kind == agent_pb2.AgentError.RECOVERABLE
        return TaskError(code, said, kind, is_recoverable)
    if phase == _Phase.ABORTED:
        return TaskError("JobAborted", f"the job was aborted where it runs: {said}")
    return TaskError("JobFailed", f"the job failed: {said}", recoverable=is_recoverable)


def _logs(resource: agent_pb2.Resource) -> tuple[LogLink, ...] | None:
    """None if it names none: a job that has ended may know of its logs no more."""
    return tuple(_link(each) for each in resource.log_links[:LOGS_MAX]) or None


def _link(log: execution_pb2.TaskLog) -> LogLink:
    formats: dict[int, LogFormat] = {execution_pb2.TaskLog.CSV: "CSV", execution_pb2.TaskLog.JSON: "JSON"}
    return LogLink(log.name, log.uri, formats.get(log.message_format, "UNKNOWN"))


def _info(resource: agent_pb2.Resource) -> AttemptInfo | None:
    if not resource.HasField("custom_info") or resource.custom_info.ByteSize() > INFO_MAX_BYTES:
        return None
    return AttemptInfo(MessageToDict(resource.custom_info))
