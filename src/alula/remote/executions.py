"""Runs."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.client.flyte_executions import FlyteNodeExecution, FlyteTaskExecution, FlyteWorkflowExecution

__all__ = ["FlyteNodeExecution", "FlyteTaskExecution", "FlyteWorkflowExecution"]

refuse_others(__name__)
