"""Answers to the questions that the gates of a run ask."""

from __future__ import annotations

from flyteidl.admin import signal_pb2
from flyteidl.core import identifier_pb2, literals_pb2

from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import LIST_SIGNALS, SET_SIGNAL
from alula.sdk.client.run_view import to_execution_id
from alula.sdk.client.upload import RemoteStore


def decide(connection: Connection, run: ExecutionId, signal: str, *, approved: bool) -> None:
    """Let a run pass an approval, or refuse it."""
    verdict = literals_pb2.Literal()
    verdict.scalar.primitive.boolean = approved
    asked = identifier_pb2.SignalIdentifier(signal_id=signal, execution_id=to_execution_id(run))
    connection.call(SET_SIGNAL, signal_pb2.SignalSetRequest(id=asked, value=verdict))


def give(connection: Connection, asked: signal_pb2.Signal, value: object) -> None:
    """Answer with a value. Raises `InvalidInput` for one of another type."""
    from alula.sdk.client.literals import literal_of  # lazy: loads every type that Alula knows
    from alula.sdk.types.transformer import TypeMismatch  # lazy: as above

    run = asked.id.execution_id
    try:
        literal = literal_of(value, asked.type, RemoteStore(connection, project=run.project, domain=run.domain))
    except TypeMismatch as error:
        raise InvalidInput("WrongValue", f"signal `{asked.id.signal_id}`: {error}") from error
    connection.call(SET_SIGNAL, signal_pb2.SignalSetRequest(id=asked.id, value=literal))


def find_signal(connection: Connection, run: ExecutionId, signal: str) -> signal_pb2.Signal:
    """A question of a run, by its name. Raises `NotFound`."""
    request = signal_pb2.SignalListRequest(
        workflow_execution_id=to_execution_id(run), limit=1, filters=f"eq(signal_id,{signal})"
    )
    for found in connection.call(LIST_SIGNALS, request).signals:
        return found
    raise NotFound(
        "SignalNotFound",
        f"{run.name} has no signal `{signal}`",
        fix=f"`alula signal list {run.name}` shows those it has",
    )
