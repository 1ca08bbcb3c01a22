"""Mocks of tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.local.mocking import patch, task_mock
from alula.sdk.task_context.secret import Secrets as SecretsManager

__all__ = ["SecretsManager", "patch", "task_mock"]

refuse_others(__name__)
