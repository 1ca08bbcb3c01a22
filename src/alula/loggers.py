"""The logger of code that runs in tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.loggers import logger

__all__ = ["logger"]

refuse_others(__name__)
