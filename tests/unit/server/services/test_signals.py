"""Answering gates: what is checked, and that the answer reaches the owner of the run."""

from __future__ import annotations

import pytest
from flyteidl.admin import common_pb2, signal_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from tests import flyte_specs as specs

from alula.core.engine import events
from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase, SignalRecord
from alula.core.errors import AlulaError, FailedPrecondition, InvalidInput, NotFound
from alula.core.ids import EntityId, ExecutionId
from alula.server.identity import Caller
from alula.server.services.platform import Platform
from alula.server.services.signals import ANSWER_MAX_BYTES, get_signal, list_signals, set_signal
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.log import Commit

pytestmark = pytest.mark.anyio
ID = ExecutionId(specs.PROJECT, specs.DOMAIN, "run")
WORKFLOW = EntityId(specs.PROJECT, specs.DOMAIN, "w", "v1")
INTEGER = specs.INTEGER.SerializeToString()


def signal_id(name: str, run: str = "run") -> identifier_pb2.SignalIdentifier:
    execution = identifier_pb2.WorkflowExecutionIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name=run)
    return identifier_pb2.SignalIdentifier(signal_id=name, execution_id=execution)


def answer(name: str, value: literals_pb2.Literal, run: str = "run") -> signal_pb2.SignalSetRequest:
    return signal_pb2.SignalSetRequest(id=signal_id(name, run), value=value)


async def commit(platform: Platform, first_seq: int, changes: Changes) -> None:
    assert await platform.store.log.commit([Commit(ID, first_seq, [b"event"], changes)]) == [True]


@pytest.fixture
async def asking(platform: Platform) -> Platform:
    """A platform with an open run whose gate asks for an `int`, and one gate that has its answer."""
    record = ExecutionRecord(ID, b"", b"", b"", WORKFLOW, "task", WORKFLOW, "ada", 0, 1, 1)
    await platform.store.executions.create(record, b"created", Audit(1, "ada", "launch", "x"))
    old = SignalRecord("old", "n1", type=INTEGER, value=b"", created_at=1, principal="bob")
    await commit(platform, 1, Changes(signals=[SignalRecord("size", "n0", type=INTEGER, created_at=2), old]))
    return platform


async def test_an_answer_goes_to_the_inbox_with_who_gave_it(asking: Platform, caller: Caller) -> None:
    await set_signal(asking, caller, answer("size", specs.integer(7)))
    [message] = await asking.store.inbox.read([ID])
    event = events.decode(message.event)
    assert isinstance(event, events.SignalSet)
    assert (event.signal_id, event.principal) == ("size", "ada")
    assert literals_pb2.Literal.FromString(event.value) == specs.integer(7)


@pytest.mark.parametrize(
    ("request_", "kind", "code"),
    [
        (answer("size", specs.text("big")), InvalidInput, "SignalValueMismatch"),
        (answer("size", literals_pb2.Literal()), InvalidInput, "SignalValueMismatch"),
        (answer("other", specs.integer(7)), InvalidInput, "SignalNotFound"),
        (answer("", specs.integer(7)), InvalidInput, "IncompleteIdentifier"),
        (answer("old", specs.integer(7)), FailedPrecondition, "SignalAnswered"),
        (answer("size", specs.integer(7), "none"), NotFound, "ExecutionNotFound"),
    ],
)
async def test_an_answer_that_can_not_be_is_refused(
    asking: Platform, caller: Caller, request_: signal_pb2.SignalSetRequest, kind: type[AlulaError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        await set_signal(asking, caller, request_)
    assert caught.value.code == code
    assert await asking.store.inbox.read([ID]) == []


async def test_an_answer_is_not_larger_than_lists_can_hold(asking: Platform, caller: Caller) -> None:
    note = SignalRecord("note", "n2", type=specs.STRING.SerializeToString(), created_at=3)
    await commit(asking, 2, Changes(signals=[note]))
    with pytest.raises(InvalidInput) as caught:
        await set_signal(asking, caller, answer("note", specs.text("x" * ANSWER_MAX_BYTES)))
    assert caught.value.code == "TooLarge"


async def test_a_second_answer_is_refused_while_the_first_is_on_its_way(asking: Platform, caller: Caller) -> None:
    await set_signal(asking, caller, answer("size", specs.integer(7)))
    with pytest.raises(FailedPrecondition) as caught:
        await set_signal(asking, caller, answer("size", specs.integer(8)))
    assert caught.value.code == "SignalAnswered"


async def test_nobody_answers_a_run_that_has_ended(asking: Platform, caller: Caller) -> None:
    await commit(asking, 2, Changes(execution=ExecutionChange(ExecutionPhase.ABORTED, 9)))
    with pytest.raises(FailedPrecondition) as caught:
        await set_signal(asking, caller, answer("size", specs.integer(7)))
    assert caught.value.code == "ExecutionEnded"


async def test_signals_are_listed_in_pages(asking: Platform, caller: Caller) -> None:
    request = signal_pb2.SignalListRequest(workflow_execution_id=signal_id("").execution_id, limit=1)
    request.sort_by.CopyFrom(common_pb2.Sort(key="created_at", direction=common_pb2.Sort.ASCENDING))
    first = await list_signals(asking, caller, request)
    assert [(signal.id.signal_id, signal.HasField("value")) for signal in first.signals] == [("old", True)]
    request.token = first.token
    second = await list_signals(asking, caller, request)
    assert [(signal.id.signal_id, signal.HasField("value")) for signal in second.signals] == [("size", False)]
    assert second.signals[0].type == specs.INTEGER
    filtered = signal_pb2.SignalListRequest(
        workflow_execution_id=request.workflow_execution_id, limit=9, filters="eq(signal_id,size)"
    )
    assert len((await list_signals(asking, caller, filtered)).signals) == 1
    filtered.workflow_execution_id.name = "none"
    with pytest.raises(NotFound):
        await list_signals(asking, caller, filtered)


async def test_a_signal_is_made_by_its_gate_only(asking: Platform, caller: Caller) -> None:
    request = signal_pb2.SignalGetOrCreateRequest(id=signal_id("size"), type=specs.INTEGER)
    assert (await get_signal(asking, caller, request)).type == specs.INTEGER
    with pytest.raises(FailedPrecondition) as caught:
        await get_signal(asking, caller, signal_pb2.SignalGetOrCreateRequest(id=signal_id("new"), type=specs.INTEGER))
    assert caught.value.code == "SignalNotCreated"
