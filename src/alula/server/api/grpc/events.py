"""The event RPCs of AdminService, by which Flyte's engine reports to it. Here nobody outside the platform does.

They are refused, not unknown: a propeller that is pointed here is set up wrongly, and hears so.
"""

from __future__ import annotations

from flyteidl.admin import event_pb2

from alula.core.errors import FailedPrecondition
from alula.server.api.calls import Call


class Events:
    """A method per RPC."""

    async def create_workflow_event(
        self, request: event_pb2.WorkflowExecutionEventRequest, _: Call
    ) -> event_pb2.WorkflowExecutionEventResponse:
        raise _refusal(request.event.execution_id.name)

    async def create_node_event(
        self, request: event_pb2.NodeExecutionEventRequest, _: Call
    ) -> event_pb2.NodeExecutionEventResponse:
        raise _refusal(request.event.id.execution_id.name)

    async def create_task_event(
        self, request: event_pb2.TaskExecutionEventRequest, _: Call
    ) -> event_pb2.TaskExecutionEventResponse:
        raise _refusal(request.event.parent_node_execution_id.execution_id.name)


def _refusal(execution: str) -> FailedPrecondition:
    return FailedPrecondition(
        "EngineIsInside",
        f"events of execution `{execution}` are not taken: the engine is inside the platform, and nobody else reports "
        "what happens to an execution",
        fix="take this platform out of the settings of the engine that sends them",
    )
