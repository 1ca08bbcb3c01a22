"""Descriptions of tasks and workflows."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.documentation import Description, Documentation, SourceCode

__all__ = ["Description", "Documentation", "SourceCode"]

refuse_others(__name__)
