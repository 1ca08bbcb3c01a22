"""Tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.task import Task as PythonTask
from alula.sdk.authoring.task_metadata import TaskMetadata
from alula.sdk.types.columns import kwtypes

__all__ = ["PythonTask", "Task", "TaskMetadata", "kwtypes"]

refuse_others(__name__)
