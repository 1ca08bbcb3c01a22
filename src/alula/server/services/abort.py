"""Asking for the end of a run. The run itself is changed by its owner only, when it reads its inbox."""

from __future__ import annotations

from flyteidl.admin import execution_pb2

from alula.core.engine import events
from alula.core.error_text import short_message
from alula.core.errors import FailedPrecondition
from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.executions import read_execution
from alula.server.services.messages.names import execution_id
from alula.server.services.platform import Platform

CAUSE_MAX_BYTES = 4096
"""The limit of a cause, which is told by each node that is stopped by it."""


async def terminate_execution(
    platform: Platform, caller: Caller, request: execution_pb2.ExecutionTerminateRequest
) -> None:
    """Have a run aborted. Raises as `request_abort`."""
    id = execution_id(request.id)
    await platform.require(caller, id.place, Action.STEER)
    await request_abort(platform, caller, id, request.cause)


async def request_abort(platform: Platform, caller: Caller, id: ExecutionId, cause: str) -> None:
    """The same without asking for a right: the platform aborts the children of an aborted run. Raises `NotFound`, and
    `FailedPrecondition` if the run has ended already."""
    record = await read_execution(platform, id)
    if record.phase.is_terminal:
        raise FailedPrecondition("ExecutionEnded", f"execution `{id}` has ended: {record.phase.name}")
    cause = short_message(cause, max_bytes=CAUSE_MAX_BYTES)
    event = events.AbortRequested(at=platform.clock(), cause=cause, principal=caller.principal)
    audit = platform.audit(caller, "abort", f"execution {id}", project=id.project, domain=id.domain, detail=cause)
    await platform.store.inbox.post(id, events.encode(event), audit)
