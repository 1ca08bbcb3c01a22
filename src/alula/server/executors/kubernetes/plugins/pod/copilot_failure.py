"""The failure of an attempt whose files the copilot could not bring or take away, by how the copilot ended."""

from __future__ import annotations

import msgspec

from alula.core.errors import TaskError
from alula.server.executors.kubernetes.plugins.pod.status import NOT_STARTED, OUT_OF_MEMORY, Terminated

_told = msgspec.json.Decoder(TaskError)


def copilot_failure(ended: Terminated) -> TaskError:
    """As the copilot tells it, if it does."""
    try:
        return _told.decode(ended.message)
    except (msgspec.DecodeError, UnicodeEncodeError):
        said = ended.message.strip()
    if ended.reason in NOT_STARTED:
        message = f"the copilot could not be started, its image needs `alula` in it: {said}"
        return TaskError("CopilotFailed", message, "SYSTEM")
    if ended.reason == OUT_OF_MEMORY:
        message = "the copilot used more memory than `executors.kubernetes.copilot_memory_bytes`"
        return TaskError("CopilotFailed", message, "SYSTEM", recoverable=True)
    message = f"the copilot ended with status {ended.exit_code}" + (f": {said}" if said else "")
    return TaskError("CopilotFailed", message, "SYSTEM", recoverable=True)
