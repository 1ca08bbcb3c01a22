"""Who can be sent mail, an execution that is there and has not ended; and which one a holder's name means."""

from __future__ import annotations

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import FailedPrecondition, NotFound
from alula.core.ids import ExecutionId


def check_addressee(execution: ExecutionId, phase: ExecutionPhase | None) -> None:
    """Raise `NotFound` where there is no such execution, `FailedPrecondition` where nobody would read the mail."""
    if phase is None:
        raise NotFound("ExecutionNotFound", f"there is no execution `{execution}`")
    if phase.is_terminal:
        raise FailedPrecondition("ExecutionEnded", f"execution `{execution}` has ended: {phase.name}")


def execution_of(holder: str) -> ExecutionId:
    """The execution in which the holder of a reservation is: of `project/domain/execution/node`."""
    project, domain, name, _ = holder.split("/", 3)
    return ExecutionId(project, domain, name)
