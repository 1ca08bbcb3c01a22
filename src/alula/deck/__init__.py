"""Reports of tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.task_context.deck import Deck
from alula.sdk.task_context.renderers import MarkdownRenderer, SourceCodeRenderer, TopFrameRenderer

__all__ = ["Deck", "MarkdownRenderer", "SourceCodeRenderer", "TopFrameRenderer"]

refuse_others(__name__)
