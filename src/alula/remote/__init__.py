"""Platforms as programs use them."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.client.flyte_remote import FlyteRemote, FlyteWorkflowExecution

__all__ = ["FlyteRemote", "FlyteWorkflowExecution"]

refuse_others(__name__)
