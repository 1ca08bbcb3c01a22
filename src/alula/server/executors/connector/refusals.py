"""The failures of attempts for what connectors refuse. Pure."""

from __future__ import annotations

from alula.core.error_text import short_message
from alula.core.errors import TaskError
from alula.server.executors.connector.channel import Refused

OF_THE_TASK = frozenset(
    ("INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED")
)
OF_THE_PLATFORM = frozenset(("PERMISSION_DENIED", "UNAUTHENTICATED", "RESOURCE_EXHAUSTED"))
"""Statuses of a refusal that is the same for each attempt, as are those above. The last stands for a message that is
too large."""


def failure_of_refusal(refused: Refused, endpoint: str) -> TaskError:
    """The failure of an attempt whose task a connector did not take. What a connector failed at may go well the next
    time."""
    said = short_message(str(refused))
    if refused.status in OF_THE_TASK:
        return TaskError("ConnectorRefused", f"endpoint `{endpoint}` refuses the task: {said}")
    if refused.status in OF_THE_PLATFORM:
        return TaskError("ConnectorRefused", f"endpoint `{endpoint}` refuses the platform's call: {said}", "SYSTEM")
    return TaskError("ConnectorFailed", f"endpoint `{endpoint}` failed at the task: {said}", "SYSTEM", recoverable=True)
