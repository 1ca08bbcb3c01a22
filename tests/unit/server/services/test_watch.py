from __future__ import annotations

import asyncio

import msgspec
import pytest
from flyteidl.admin import execution_pb2
from tests.contract.store.records import audit, execution

from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.ids import ExecutionId
from alula.server.identity import Caller
from alula.server.services.executions import EAGER_LABEL, get_execution
from alula.server.services.follow import Standing, follow_execution
from alula.server.services.messages.names import execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.watch import Hub
from alula.server.store.log import Commit
from alula.server.store.news import News

pytestmark = pytest.mark.anyio
ID = ExecutionId("flytesnacks", "development", "run")


async def test_a_watcher_hears_all_that_is_new_once_and_as_one() -> None:
    hub = Hub()
    with hub.watch(ID) as subscription:
        hub.publish(News(ID, 2, ExecutionPhase.QUEUED, frozenset(["n0"])))
        hub.publish(News(ID, 3, ExecutionPhase.RUNNING, frozenset(["n1"])))
        hub.publish(News(ID, 4))
        hub.publish(News(ID._replace(name="other"), 9, ExecutionPhase.FAILED, frozenset(["n9"])))
        news = await subscription.next(timeout_s=1)
        assert news == News(ID, 4, ExecutionPhase.RUNNING, frozenset(["n0", "n1"]))
        assert await subscription.next(timeout_s=0.001) is None


async def test_a_watcher_is_told_that_it_may_have_missed_something() -> None:
    hub = Hub()
    with hub.watch(ID) as subscription:
        hub.publish(News(ID, 2, ExecutionPhase.RUNNING, frozenset(["n0"])))
        hub.miss()
        hub.publish(News(ID, 3, None, frozenset(["n1"])))
        assert await subscription.next(timeout_s=1) == News(ID, 3, ExecutionPhase.RUNNING, None)


async def test_a_follower_of_a_run_reads_it_again_where_news_was_lost(platform: Platform, caller: Caller) -> None:
    await platform.store.executions.create(execution(ID), b"created", audit())
    standings = await follow_execution(platform, caller, ID)
    assert await anext(standings) == Standing(1, ExecutionPhase.QUEUED)
    following = asyncio.ensure_future(anext(standings))
    await asyncio.sleep(0)
    await platform.store.log.commit([Commit(ID, 1, [b"a"], Changes())])
    assert await following == Standing(2, ExecutionPhase.QUEUED)
    following = asyncio.ensure_future(anext(standings))
    await asyncio.sleep(0)
    change = ExecutionChange(ExecutionPhase.SUCCEEDED, 99, ended_at=99)
    run = platform.store.runs[ID]  # type: ignore[attr-defined]
    run.record = msgspec.structs.replace(run.record, seq=7, phase=change.phase)  # another process, unheard
    platform.hub.miss()
    assert await following == Standing(7, ExecutionPhase.SUCCEEDED)
    assert await anext(standings, None) is None


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
