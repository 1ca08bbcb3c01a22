"""Settings of runs."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.options import Options

__all__ = ["Options"]

refuse_others(__name__)
