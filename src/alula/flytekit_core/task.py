"""Tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.eager import eager
from alula.sdk.authoring.echo import Echo
from alula.sdk.authoring.reference import reference_task
from alula.sdk.authoring.task import task

__all__ = ["Echo", "eager", "reference_task", "task"]

refuse_others(__name__)
