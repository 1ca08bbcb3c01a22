"""Map tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.map_task import MapTask as ArrayNodeMapTask
from alula.sdk.authoring.map_task import map_task
from alula.sdk.authoring.map_task import map_task as array_node_map_task

__all__ = ["ArrayNodeMapTask", "array_node_map_task", "map_task"]

refuse_others(__name__)
