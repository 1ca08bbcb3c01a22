"""Queries on databases in files."""

from __future__ import annotations

from alula.sdk.absent import refuse_others

refuse_others(__name__)
