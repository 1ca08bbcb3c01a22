"""Resources of tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.resources import Resources

__all__ = ["Resources"]

refuse_others(__name__)
