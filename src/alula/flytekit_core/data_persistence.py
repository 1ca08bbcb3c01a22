"""Files of the running task."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.task_context.flyte_context import FileAccess as FileAccessProvider

__all__ = ["FileAccessProvider"]

refuse_others(__name__)
