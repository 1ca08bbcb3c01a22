"""The phases of runs."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.notifications import WorkflowExecutionPhase

__all__ = ["WorkflowExecutionPhase"]

refuse_others(__name__)
