"""The failures of an attempt that are the executor's to report."""

from __future__ import annotations

from alula.core.errors import AlulaError, ResourceExhausted, TaskError, Unavailable
from alula.server import incidents
from alula.server.blob import FULL_DISK


class NotStarted(Exception):
    """An attempt can't be started, with what is to be reported."""

    def __init__(self, failure: TaskError) -> None:
        super().__init__(failure.message)
        self.failure = failure


FORK_SERVER_LOST = TaskError(
    "ForkServerLost", "the fork server that ran the attempt was killed from outside", "SYSTEM", recoverable=True
)

NO_MEMORY = TaskError(
    "ResultsNotReadable", "the platform has no memory to read the results of the attempt", "SYSTEM", recoverable=True
)


def failure_of(error: Exception, where: str) -> TaskError:
    """Whatever went wrong with an attempt as its failure. What nobody foresaw is an incident."""
    if isinstance(error, NotStarted):
        return error.failure
    if isinstance(error, AlulaError):
        return task_error(error)
    if isinstance(error, OSError):
        return system_error(error)
    if isinstance(error, MemoryError):
        return NO_MEMORY
    return incidents.as_failure(error, where)._replace(recoverable=True)


def task_error(error: AlulaError) -> TaskError:
    """A refusal of ours as the failure of an attempt: what may pass by itself is worth another attempt."""
    passing = isinstance(error, Unavailable | ResourceExhausted)
    return TaskError(error.code, str(error), "SYSTEM" if passing else "USER", recoverable=passing)


def system_error(error: OSError) -> TaskError:
    """The machine failed, not the task: worth another attempt."""
    code = "DiskFull" if error.errno in FULL_DISK else "MachineFailed"
    return TaskError(code, f"the attempt could not be started or read: {error}", "SYSTEM", recoverable=True)


def missing_entry(entry: str, where: str) -> TaskError:
    return TaskError(
        "EntryPointNotFound",
        f"the task's environment ({where}) has no command `{entry}`; install the package that brings it there, or map "
        "the task's image to another environment",
    )


def command_not_found(name: str, path: str) -> TaskError:
    return TaskError("CommandNotFound", f"there is no program `{name}` on the task's PATH ({path})")
