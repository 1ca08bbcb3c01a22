"""Gates."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.gate import Gate, approve, sleep, wait_for_input

__all__ = ["Gate", "approve", "sleep", "wait_for_input"]

refuse_others(__name__)
