"""Dynamic tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.dynamic import dynamic

__all__ = ["dynamic"]

refuse_others(__name__)
