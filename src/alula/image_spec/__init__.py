"""Images by their contents."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.image_spec import ImageSpec

__all__ = ["ImageSpec"]

refuse_others(__name__)
