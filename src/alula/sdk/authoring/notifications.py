"""Notifications of a launch plan: messages to people when a run of it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.mistake import Location, mistake


class WorkflowExecutionPhase(IntEnum):
    """The phases of a run, with the numbers of `core.WorkflowExecution.Phase`."""

    UNDEFINED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDING = 3
    SUCCEEDED = 4
    FAILING = 5
    FAILED = 6
    ABORTED = 7
    TIMED_OUT = 8
    ABORTING = 9

    @classmethod
    def enum_to_string(cls, value: int) -> str:
        """The name of a phase."""
        return cls(value).name


ENDS = (
    WorkflowExecutionPhase.SUCCEEDED,
    WorkflowExecutionPhase.FAILED,
    WorkflowExecutionPhase.ABORTED,
    WorkflowExecutionPhase.TIMED_OUT,
)


class Email(NamedTuple):
    """Mail to each of these addresses when a run ends in one of these phases."""

    phases: Sequence[int]
    recipients_email: Sequence[str]


class PagerDuty(NamedTuple):
    """An alert by PagerDuty, through the addresses that it gives to services."""

    phases: Sequence[int]
    recipients_email: Sequence[str]


class Slack(NamedTuple):
    """A message in Slack, through the addresses that it gives to channels."""

    phases: Sequence[int]
    recipients_email: Sequence[str]


for _each in (Email, PagerDuty, Slack):
    lacks_keywords(_each, {})
    lacks_members(_each, dict.fromkeys(("email", "pager_duty", "slack"), "take `recipients_email`"))
Notification: TypeAlias = Email | PagerDuty | Slack


def checked_notifications(notifications: object, *, at: Location) -> tuple[Notification, ...]:
    """The value of `notifications`. Raises `InvalidInput` for one that nobody would ever get."""
    if notifications is None:
        return ()
    if not isinstance(notifications, (list, tuple)):
        raise mistake("InvalidNotification", f"`notifications` is {notifications!r}, expected a list", at=at)
    given: list[object] | tuple[object, ...] = notifications  # pyright: ignore[reportUnknownVariableType]
    return tuple(_checked(each, at=at) for each in given)


def _checked(notification: object, *, at: Location) -> Notification:
    if not isinstance(notification, (Email, PagerDuty, Slack)):
        why = f"`notifications` has {notification!r}, expected `Email`, `PagerDuty` or `Slack`"
        raise mistake("InvalidNotification", why, at=at)
    if not notification.phases or any(phase not in ENDS for phase in notification.phases):
        raise mistake(
            "InvalidNotification",
            f"{notification!r} is of phases {list(notification.phases)}, expected phases in which a run has ended",
            at=at,
            fix="take from " + ", ".join(f"`WorkflowExecutionPhase.{phase.name}`" for phase in ENDS),
        )
    recipients = notification.recipients_email
    if not recipients or isinstance(recipients, str) or not all("@" in recipient for recipient in recipients):
        raise mistake("InvalidNotification", f"{notification!r} has no list of addresses", at=at)
    return notification
