"""The error of a call in an eager task."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.failures import EagerException

__all__ = ["EagerException"]

refuse_others(__name__)
