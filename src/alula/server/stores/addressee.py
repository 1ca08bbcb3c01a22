"""Checks of addressees: mail goes to an execution that is there and has not ended, an answer to a signal that has none.
Also the node that a holder's name means."""

from __future__ import annotations

import re
from collections.abc import Iterable

from alula.core.engine import events
from alula.core.engine.records import ExecutionPhase, SignalRecord
from alula.core.errors import FailedPrecondition, NotFound
from alula.core.ids import ExecutionId

_ITEM = re.compile(r"\[\d+\]$")


def check_addressee(execution: ExecutionId, phase: ExecutionPhase | None) -> None:
    """Raise `NotFound` if there is no such execution, `FailedPrecondition` if nobody would read the mail."""
    if phase is None:
        raise NotFound("ExecutionNotFound", f"there is no execution `{execution}`")
    if phase.is_terminal:
        raise FailedPrecondition("ExecutionEnded", f"execution `{execution}` has ended: {phase.name}")


def check_unanswered(
    execution: ExecutionId, signal_id: str, signal: SignalRecord | None, mail: Iterable[bytes]
) -> None:
    """Raise `FailedPrecondition` if a signal has an answer, or `mail`, which its owner has yet to read, has one."""
    on_the_way = (event for event in map(events.decode, mail) if isinstance(event, events.SignalSet))
    by = [signal.principal] if signal is not None and signal.value is not None else []
    by += [event.principal for event in on_the_way if event.signal_id == signal_id]
    if by:
        who = f" by {by[0]}" if by[0] else ""
        raise FailedPrecondition("SignalAnswered", f"signal `{signal_id}` of `{execution}` was answered{who}")


def node_of(holder: str) -> tuple[ExecutionId, str]:
    """The node that a holder's name in the catalog means: `project/domain/execution/node`, perhaps with an item as in
    `n0[3]`."""
    project, domain, name, node = holder.split("/", 3)
    return ExecutionId(project, domain, name), _ITEM.sub("", node)
