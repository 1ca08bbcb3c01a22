"""Steps by themselves."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.node_creation import create_node

__all__ = ["create_node"]

refuse_others(__name__)
