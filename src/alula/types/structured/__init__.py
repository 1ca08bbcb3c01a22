"""Data frames of any library."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.task_context.renderers import ArrowRenderer, TopFrameRenderer
from alula.sdk.types.structured_dataset import StructuredDataset

__all__ = ["ArrowRenderer", "StructuredDataset", "TopFrameRenderer"]

refuse_others(__name__)
