"""The base of all errors."""

from __future__ import annotations

from alula.core.errors import AlulaError as FlyteException
from alula.sdk.absent import refuse_others
from alula.sdk.failures import FlyteRecoverableException

__all__ = ["FlyteException", "FlyteRecoverableException"]

refuse_others(__name__)
