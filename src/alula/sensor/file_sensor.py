"""Tasks that wait for files."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.sensor import FileSensor

__all__ = ["FileSensor"]

refuse_others(__name__)
