"""Notices as CloudEvents: of a run in Flyte's type and message, of anything else in one of our own."""

from __future__ import annotations

from typing import Any

from flyteidl.admin import execution_pb2
from flyteidl.event import cloudevents_pb2, event_pb2
from google.protobuf.json_format import MessageToDict

from alula.server.notifications.writing import Message
from alula.server.services.messages.names import execution_identifier, identifier
from alula.server.services.messages.runs import execution_error
from alula.server.store.executions import ExecutionRecord

OF_A_RUN = "com.flyte.resource.cloudevents.CloudEventWorkflowExecution"
OF_ANYTHING = "dev.alula.notice"


def cloud_event(message: Message) -> dict[str, object]:
    """The event in the JSON of CloudEvents 1.0. Its data are protobuf's JSON, or the facts that templates may name."""
    facts, run = message.facts, message.run
    return {
        "specversion": "1.0",
        "type": OF_ANYTHING if run is None else OF_A_RUN,
        "id": f"{facts.get('name', message.id)}.{facts['phase']}",
        "source": facts.get("url", "alula"),
        "subject": facts["what"],
        "time": facts["time"],
        "datacontenttype": "application/json",
        "data": facts if run is None else MessageToDict(_of_run(run)),
    }


def _of_run(run: ExecutionRecord) -> cloudevents_pb2.CloudEventWorkflowExecution:
    """As Flyte has it, but for the interface and the values of outputs."""
    metadata = execution_pb2.ExecutionSpec.FromString(run.spec).metadata
    phase: Any = run.phase.value  # Any: an enumeration of protobuf
    raw = event_pb2.WorkflowExecutionEvent(execution_id=execution_identifier(run.id), producer_id="alula", phase=phase)
    raw.occurred_at.FromMicroseconds(run.ended_at or run.updated_at)
    if run.error is not None:
        raw.error.CopyFrom(execution_error(run.error, at=run.ended_at, trim=True))
    event = cloudevents_pb2.CloudEventWorkflowExecution(
        raw_event=raw,
        principal=run.principal,
        launch_plan_id=identifier(run.launch_entity, run.launch_plan),
        labels=run.labels,
    )
    if metadata.HasField("reference_execution"):
        event.reference_execution.CopyFrom(metadata.reference_execution)
    return event
