"""Steps of workflows."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.promise import Node

__all__ = ["Node"]

refuse_others(__name__)
