"""flytekit's older data frames."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.schema import FlyteSchema

__all__ = ["FlyteSchema"]

refuse_others(__name__)
