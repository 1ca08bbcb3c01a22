"""The failures of an attempt for errors in its handling, that all executors report alike."""

from __future__ import annotations

import errno

from alula.core.errors import AlulaError, ResourceExhausted, TaskError, Unavailable
from alula.core.ids import AttemptId
from alula.server import incidents
from alula.server.blob import FULL_DISK

OF_THE_NAME = (errno.ENAMETOOLONG, errno.E2BIG, errno.ELOOP, errno.EINVAL)
"""Numbers of an OSError that a machine in good order has as well."""


class NotStarted(Exception):
    """An attempt can't be started; carries the failure to report."""

    def __init__(self, failure: TaskError) -> None:
        super().__init__(failure.message)
        self.failure = failure


NO_MEMORY = TaskError(
    "ResultsNotReadable", "the platform has no memory to read the results of the attempt", "SYSTEM", recoverable=True
)


def failure_of(error: Exception, attempt: AttemptId) -> TaskError:
    """The failure of an attempt for an error in its handling. An unforeseen error is an incident."""
    if isinstance(error, NotStarted):
        return error.failure
    if isinstance(error, AlulaError):
        return task_error(error)
    if isinstance(error, OSError):
        return system_error(error)
    if isinstance(error, MemoryError):
        return NO_MEMORY
    return incidents.as_failure(error, f"in {attempt}", attempt)._replace(recoverable=may_pass(error))


def may_pass(error: Exception) -> bool:
    """True if another attempt may do better. A fault of the platform comes up again, but Python raises a plain
    RuntimeError for what depends on the moment: there is no thread left, or something changed while it was read."""
    return type(error) is RuntimeError


def task_error(error: AlulaError) -> TaskError:
    """A refusal of ours as the failure of an attempt: one that may pass by itself is worth another attempt."""
    passing = isinstance(error, Unavailable | ResourceExhausted)
    return TaskError(error.code, str(error), "SYSTEM" if passing else "USER", recoverable=passing)


def system_error(error: OSError) -> TaskError:
    """An error of the machine as the failure of an attempt: worth another attempt, unless it can't do this with such
    names at all."""
    code = "DiskFull" if error.errno in FULL_DISK else "MachineFailed"
    passing = error.errno not in OF_THE_NAME
    return TaskError(code, f"the attempt could not be started or read: {error}", "SYSTEM", recoverable=passing)
