"""The platform that a program speaks to."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.image_spec import ImageSpec
from alula.sdk.client.flyte_config import Config, PlatformConfig

__all__ = ["Config", "ImageSpec", "PlatformConfig"]

refuse_others(__name__)
