"""Hashes of values."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.hashes import HashMethod

__all__ = ["HashMethod"]

refuse_others(__name__)
