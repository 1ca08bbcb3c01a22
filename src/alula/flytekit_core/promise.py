"""Promises."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.promise import Promise

__all__ = ["Promise"]

refuse_others(__name__)
