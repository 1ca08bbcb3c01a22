"""Settings of runs."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.options import Annotations, Labels, RawOutputDataConfig

__all__ = ["Annotations", "Labels", "RawOutputDataConfig"]

refuse_others(__name__)
