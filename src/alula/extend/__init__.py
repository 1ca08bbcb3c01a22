"""The contracts that other packages fulfil."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.kind import PythonKind, TaskKind, register_task_kind
from alula.sdk.authoring.promise import Promise
from alula.sdk.authoring.sql_task import SQLTask
from alula.sdk.authoring.task import Task as PythonTask
from alula.sdk.task_context.flyte_context import FileAccess as FileAccessProvider
from alula.sdk.task_context.secret import Secrets as SecretsManager
from alula.sdk.types.families import register_type
from alula.sdk.types.transformer import Transformer

__all__ = [
    "FileAccessProvider",
    "Promise",
    "PythonKind",
    "PythonTask",
    "SQLTask",
    "SecretsManager",
    "TaskKind",
    "Transformer",
    "register_task_kind",
    "register_type",
]

refuse_others(__name__)
