"""The surroundings of a running task."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.task_context.context import ExecutionParameters
from alula.sdk.task_context.flyte_context import FlyteContext, FlyteContextManager
from alula.sdk.task_context.secret import Secrets as SecretsManager

__all__ = ["ExecutionParameters", "FlyteContext", "FlyteContextManager", "SecretsManager"]

refuse_others(__name__)
