"""Where mail can be sent, to an execution that is there and has not ended; and which node a holder's name means."""

from __future__ import annotations

import re

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import FailedPrecondition, NotFound
from alula.core.ids import ExecutionId

_ITEM = re.compile(r"\[\d+\]$")


def check_addressee(execution: ExecutionId, phase: ExecutionPhase | None) -> None:
    """Raise `NotFound` where there is no such execution, `FailedPrecondition` where nobody would read the mail."""
    if phase is None:
        raise NotFound("ExecutionNotFound", f"there is no execution `{execution}`")
    if phase.is_terminal:
        raise FailedPrecondition("ExecutionEnded", f"execution `{execution}` has ended: {phase.name}")


def node_of(holder: str) -> tuple[ExecutionId, str]:
    """The node that holds a reservation, of its name in the catalog: `project/domain/execution/node`, perhaps with an
    item as in `n0[3]`."""
    project, domain, name, node = holder.split("/", 3)
    return ExecutionId(project, domain, name), _ITEM.sub("", node)
