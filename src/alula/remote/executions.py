"""Runs."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.client.flyte_remote import FlyteWorkflowExecution

__all__ = ["FlyteWorkflowExecution"]

refuse_others(__name__)
