"""Checkpoints."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.task_context.checkpoint import Checkpoint
from alula.sdk.task_context.checkpoint import Checkpoint as SyncCheckpoint

__all__ = ["Checkpoint", "SyncCheckpoint"]

refuse_others(__name__)
