"""Notifications of launch plans."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.notifications import Email, PagerDuty, Slack

__all__ = ["Email", "PagerDuty", "Slack"]

refuse_others(__name__)
