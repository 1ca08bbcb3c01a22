"""Images as tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.container_task import ContainerTask

__all__ = ["ContainerTask"]

refuse_others(__name__)
