"""A path of flytekit alone: importing it says what to do instead."""

from __future__ import annotations

from alula.sdk.absent import refused_module

raise refused_module(__name__)
