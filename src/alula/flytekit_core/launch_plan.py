"""Launch plans."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.reference import reference_launch_plan

__all__ = ["LaunchPlan", "reference_launch_plan"]

refuse_others(__name__)
