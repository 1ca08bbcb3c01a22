"""Tasks that wait until something is so."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.sensor import BaseSensor, FileSensor

__all__ = ["BaseSensor", "FileSensor"]

refuse_others(__name__)
