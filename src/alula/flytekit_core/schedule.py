"""Schedules."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.launch_plan import CronSchedule, FixedRate

__all__ = ["CronSchedule", "FixedRate"]

refuse_others(__name__)
