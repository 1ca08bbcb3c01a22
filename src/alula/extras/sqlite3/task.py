"""Queries on databases in files."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.sql_task import SQLite3Config, SQLite3Task

__all__ = ["SQLite3Config", "SQLite3Task"]

refuse_others(__name__)
