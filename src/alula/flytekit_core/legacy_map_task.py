"""Map tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.map_task import MapTask as MapPythonTask
from alula.sdk.authoring.map_task import map_task

__all__ = ["MapPythonTask", "map_task"]

refuse_others(__name__)
