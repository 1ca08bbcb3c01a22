"""Items one by one."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.iterators import JSON

__all__ = ["JSON"]

refuse_others(__name__)
