from __future__ import annotations

import asyncio

import pytest
from flyteidl.admin import execution_pb2
from tests.contract.store.records import audit, execution

from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.ids import ExecutionId
from alula.server.identity import Caller
from alula.server.services.executions import EAGER_LABEL, get_execution
from alula.server.services.messages.names import execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.watch import Hub
from alula.server.store.log import Commit

pytestmark = pytest.mark.anyio
ID = ExecutionId("flytesnacks", "development", "run")


async def test_a_watcher_hears_the_newest_news_once() -> None:
    hub = Hub()
    with hub.watch(ID) as subscription:
        hub.publish(ID, ExecutionPhase.QUEUED)
        hub.publish(ID, ExecutionPhase.RUNNING)
        hub.publish(ID._replace(name="other"), ExecutionPhase.FAILED)
        news = await subscription.next(timeout_s=1)
        assert news is not None
        assert (news.version, news.phase) == (2, ExecutionPhase.RUNNING)
        assert await subscription.next(timeout_s=0.001) is None


async def test_a_closed_hub_ends_its_watchers_and_takes_no_new_ones() -> None:
    hub = Hub()
    with hub.watch(ID) as subscription:
        waiting = asyncio.create_task(anext(subscription, None))
        await asyncio.sleep(0)
        hub.close()
        assert await waiting is None
    with hub.watch(ID) as late:
        assert late.closed
        assert await anext(late, None) is None


async def test_a_held_question_is_answered_when_the_run_ends(platform: Platform, caller: Caller) -> None:
    await platform.store.executions.create(execution(ID, spec=b"", inputs=b"", user_inputs=b""), b"created", audit())
    asked = asyncio.create_task(get_execution(platform, caller, execution_identifier(ID), hold_s=30))
    await asyncio.sleep(0)
    platform.hub.publish(ID, ExecutionPhase.RUNNING)
    await end(platform, ExecutionPhase.SUCCEEDED)
    async with asyncio.timeout(5):
        answer = await asked
    assert answer.closure.phase == ExecutionPhase.SUCCEEDED


async def test_a_question_is_held_no_longer_than_asked(platform: Platform, caller: Caller) -> None:
    await platform.store.executions.create(execution(ID, spec=b"", inputs=b"", user_inputs=b""), b"created", audit())
    answer = await get_execution(platform, caller, execution_identifier(ID), hold_s=0.01)
    assert answer.closure.phase == ExecutionPhase.QUEUED


async def test_a_run_of_an_eager_task_is_never_held(platform: Platform, caller: Caller) -> None:
    record = execution(ID, spec=execution_pb2.ExecutionSpec().SerializeToString(), labels={EAGER_LABEL: "parent"})
    await platform.store.executions.create(record, b"created", audit())
    async with asyncio.timeout(5):
        await get_execution(platform, caller, execution_identifier(ID), hold_s=3600)


async def end(platform: Platform, phase: ExecutionPhase) -> None:
    changes = Changes(execution=ExecutionChange(phase, 99, ended_at=99))
    assert await platform.store.log.commit([Commit(ID, 1, [b"end"], changes)]) == [True]
    platform.hub.publish(ID, phase)
