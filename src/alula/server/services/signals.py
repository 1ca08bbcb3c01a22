"""Signals: the questions of a run's gates, and answering them.

A signal comes into being when its gate starts; that is the engine's. The answer goes to the inbox of the run's
owner, which opens the gate. An answer is given once.
"""

from __future__ import annotations

from functools import partial

from flyteidl.admin import signal_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2

from alula.core.engine import events
from alula.core.engine.records import SignalRecord
from alula.core.errors import FailedPrecondition, InvalidInput
from alula.core.ids import ExecutionId
from alula.core.literals.checking import check_value
from alula.core.policy.registration import check_size
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import filters, pages
from alula.server.services.executions import read_execution, require_execution
from alula.server.services.messages.names import execution_id, execution_identifier
from alula.server.services.platform import Platform
from alula.server.store.signals import SIGNALS

ANSWER_MAX_BYTES = 256 * 1024
"""Answers are kept in the log and in the row of their signal, and many of them stand in one list."""


async def list_signals(
    platform: Platform, caller: Caller, request: signal_pb2.SignalListRequest
) -> signal_pb2.SignalList:
    """A page of the signals of a run, answered ones included. Raises `NotFound` for the run."""
    execution = execution_id(request.workflow_execution_id)
    await platform.require(caller, execution.place, Action.VIEW)
    page = filters.query(
        filters.SIGNAL_FIELDS,
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=request.sort_by if request.HasField("sort_by") else None,
    )
    rows = partial(platform.store.signals.page, execution)
    shown, following = await pages.read(page, SIGNALS, rows, lambda row: _message(execution, row))
    if not shown:
        await read_execution(platform, execution)
    return signal_pb2.SignalList(signals=shown, token=following)


async def get_signal(
    platform: Platform, caller: Caller, request: signal_pb2.SignalGetOrCreateRequest
) -> signal_pb2.Signal:
    """A signal that is there. Raises `FailedPrecondition` for one that is not: only its gate makes it."""
    execution, signal_id = _id(request.id)
    await platform.require(caller, execution.place, Action.VIEW)
    record = await platform.store.signals.get(execution, signal_id)
    if record is None:
        await read_execution(platform, execution)
        raise FailedPrecondition(
            "SignalNotCreated",
            f"execution `{execution}` has no signal `{signal_id}`: a signal is made when its gate starts",
            fix="wait until the gate runs",
        )
    return _message(execution, record)


async def set_signal(platform: Platform, caller: Caller, request: signal_pb2.SignalSetRequest) -> None:
    """Answer a gate. Raises `NotFound` for the run, `InvalidInput` for a signal that is not there or a value that
    does not fit, `FailedPrecondition` when it is answered or the run has ended."""
    execution, signal_id = _id(request.id)
    run = await require_execution(platform, caller, execution, Action.STEER)
    record = await platform.store.signals.get(execution, signal_id)
    if record is None:
        raise InvalidInput(
            "SignalNotFound",
            f"execution `{execution}` has no signal `{signal_id}`",
            fix="list its signals; one appears when its gate starts",
        )
    if run.phase.is_terminal:
        raise FailedPrecondition("ExecutionEnded", f"execution `{execution}` has ended: {run.phase.name}")
    reason = check_value(request.value, types_pb2.LiteralType.FromString(record.type or b""))
    if reason:
        raise InvalidInput("SignalValueMismatch", f"signal `{signal_id}` of `{execution}`: {reason}")
    check_size(request.value, f"the answer to signal `{signal_id}`", ANSWER_MAX_BYTES)
    value = request.value.SerializeToString(deterministic=True)
    event = events.SignalSet(platform.clock(), signal_id, value, caller.principal)
    audit = platform.audit(
        caller,
        "signal",
        f"execution {execution}",
        project=execution.project,
        domain=execution.domain,
        detail=signal_id,
    )
    await platform.store.inbox.post(execution, events.encode(event), audit, answers=signal_id)


def _id(message: identifier_pb2.SignalIdentifier) -> tuple[ExecutionId, str]:
    if not message.signal_id:
        raise InvalidInput("IncompleteIdentifier", "the signal's identifier has no signal id")
    return execution_id(message.execution_id), message.signal_id


def _message(execution: ExecutionId, record: SignalRecord) -> signal_pb2.Signal:
    id = identifier_pb2.SignalIdentifier(signal_id=record.signal_id, execution_id=execution_identifier(execution))
    return signal_pb2.Signal(
        id=id,
        type=types_pb2.LiteralType.FromString(record.type or b""),
        value=literals_pb2.Literal.FromString(record.value) if record.value is not None else None,
    )
