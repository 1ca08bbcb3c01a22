"""`FlyteDirectory` and its formats."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.directory import FlyteDirectory
from alula.sdk.types.formats import TensorboardLogs, TFRecordsDirectory

__all__ = ["FlyteDirectory", "TFRecordsDirectory", "TensorboardLogs"]

refuse_others(__name__)
