"""Conditionals."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.conditional import conditional

__all__ = ["conditional"]

refuse_others(__name__)
