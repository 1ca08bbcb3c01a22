"""Data frames of any library."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.structured_dataset import StructuredDataset

__all__ = ["StructuredDataset"]

refuse_others(__name__)
