"""Conversions of values."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.batches import BatchSize
from alula.sdk.types.transformer import Transformer

__all__ = ["BatchSize", "Transformer"]

refuse_others(__name__)
