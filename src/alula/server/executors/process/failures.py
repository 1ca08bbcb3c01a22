"""The failures of an attempt that are the process executor's to report."""

from __future__ import annotations

from alula.core.errors import TaskError

FORK_SERVER_LOST = TaskError(
    "ForkServerLost", "the fork server that ran the attempt was killed from outside", "SYSTEM", recoverable=True
)


def missing_entry(entry: str, where: str) -> TaskError:
    return TaskError(
        "EntryPointNotFound",
        f"the task's environment ({where}) has no command `{entry}`; install the package that brings it there, or map "
        "the task's image to another environment",
    )


def command_not_found(name: str, path: str) -> TaskError:
    return TaskError("CommandNotFound", f"there is no program `{name}` on the task's PATH ({path})")
