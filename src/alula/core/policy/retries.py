"""The decision after a failed attempt: whether to try again, when, and on which budget.

A user failure and a system failure have a budget each; a failure that is not recoverable ends the node at
once. Pure functions of the retries spent so far.
"""

from __future__ import annotations

import re

import msgspec

from alula.core.errors import TaskError

SYSTEM_BACKOFF_US = 1_000_000
SYSTEM_BACKOFF_MAX_US = 60_000_000
_EXHAUSTED = "RetriesExhausted|"
_DONE = re.compile(r"\[\d+/\d+\] currentAttempt done\. Last Error: (USER|SYSTEM)::")


class Budget(msgspec.Struct, frozen=True):
    """The retries of a node: `user_retries` come from the task or its node, `system_retries` from the platform."""

    user_retries: int
    system_retries: int


class Spent(msgspec.Struct):
    """Failures so far, by kind."""

    user: int = 0
    system: int = 0
    out_of_memory: int = 0
    """The number of attempts that ran out of memory."""


class Retry(msgspec.Struct, frozen=True):
    delay_us: int


class GiveUp(msgspec.Struct, frozen=True):
    error: TaskError


def after_failure(error: TaskError, spent: Spent, budget: Budget) -> Retry | GiveUp:
    """The decision that follows from `error`, which `spent` counts already.

    >>> after_failure(TaskError("USER:ValueError", "no", recoverable=True), Spent(user=1), Budget(1, 3))
    Retry(delay_us=0)
    """
    if not error.recoverable:
        return GiveUp(error)
    if error.kind == "SYSTEM":
        if spent.system <= budget.system_retries:
            return Retry(backoff_us(spent))
        return GiveUp(_exhausted(error, spent.system, budget.system_retries))
    if spent.user <= budget.user_retries:
        return Retry(0)
    return GiveUp(_exhausted(error, spent.user, budget.user_retries))


def backoff_us(spent: Spent) -> int:
    """The wait after a failure that is not the user's, in microseconds."""
    return min(SYSTEM_BACKOFF_US << (spent.system - 1), SYSTEM_BACKOFF_MAX_US)


def _exhausted(error: TaskError, failures: int, retries: int) -> TaskError:
    if retries == 0:
        return error._replace(recoverable=False)
    return TaskError(
        code=f"{_EXHAUSTED}{error.code}",
        message=f"[{failures}/{retries + 1}] currentAttempt done. Last Error: {error.kind}::{error.message}",
        kind=error.kind,
        recoverable=False,
        node_id=error.node_id,
    )


def last_error(error: TaskError) -> TaskError:
    """The error of the last attempt, where `error` says that the retries are spent; else `error`.

    >>> last_error(_exhausted(TaskError("OOMKilled", "too much"), 2, 1))[:2]
    ('OOMKilled', 'too much')
    """
    if not error.code.startswith(_EXHAUSTED):
        return error
    return error._replace(code=error.code.removeprefix(_EXHAUSTED), message=_DONE.sub("", error.message, count=1))


def may_interrupt(*, interruptible: bool, spent: Spent, budget: Budget) -> bool:
    """True if the next attempt may run where it can be interrupted: not on the last system failure allowed."""
    return interruptible and (budget.system_retries == 0 or spent.system < budget.system_retries)
