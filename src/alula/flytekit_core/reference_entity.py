"""References to what is registered."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.reference import Reference as ReferenceEntity

__all__ = ["Reference", "ReferenceEntity"]

refuse_others(__name__)
