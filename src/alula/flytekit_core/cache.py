"""The cache of tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.cache import Cache, CachePolicy

__all__ = ["Cache", "CachePolicy"]

refuse_others(__name__)
