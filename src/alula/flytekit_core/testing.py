"""Mocks of tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.local.mocking import patch, task_mock

__all__ = ["patch", "task_mock"]

refuse_others(__name__)
