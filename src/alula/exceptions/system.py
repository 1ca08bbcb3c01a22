"""Errors of a platform."""

from __future__ import annotations

from alula.core.errors import AlulaError as FlyteSystemException
from alula.core.errors import Unavailable as FlyteSystemUnavailableException
from alula.sdk.absent import refuse_others

__all__ = ["FlyteSystemException", "FlyteSystemUnavailableException"]

refuse_others(__name__)
