"""Data frames of any library."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.types.frame_source import CSV, PARQUET
from alula.sdk.types.structured_dataset import StructuredDataset, StructuredDatasetFormat

__all__ = ["CSV", "PARQUET", "StructuredDataset", "StructuredDatasetFormat"]

refuse_others(__name__)
