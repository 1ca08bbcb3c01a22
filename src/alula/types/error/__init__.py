"""The error that a failure handler gets."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.error import FlyteError

__all__ = ["FlyteError"]

refuse_others(__name__)
