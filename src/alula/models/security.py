"""Secrets."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.task_context.secret import Secret

__all__ = ["Secret"]

refuse_others(__name__)
