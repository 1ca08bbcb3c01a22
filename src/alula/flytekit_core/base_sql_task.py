"""Queries as tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.sql_task import SQLTask

__all__ = ["SQLTask"]

refuse_others(__name__)
