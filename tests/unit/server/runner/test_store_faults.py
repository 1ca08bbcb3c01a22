"""The runner on a store and objects that fail at the wrong moment, in virtual time. Most of this was found by
`tests/simulation`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from flyteidl.admin import execution_pb2
from flyteidl.core import dynamic_job_pb2, identifier_pb2
from tests import graphs
from tests.concerns import CONCERNS
from tests.flyte_specs import DOMAIN, PROJECT, identifier, integer, literal_map, task
from tests.objects.memory import MemoryBlobs
from tests.simulation import virtual_time
from tests.unit.server.runner.test_runner import ADA, ToldExecutor

from alula.core.engine import events
from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlreadyExists, ResourceExhausted, Unavailable
from alula.core.ids import ExecutionId
from alula.server.access import EverybodyMay
from alula.server.executor import AttemptUpdate
from alula.server.logs.objects import ObjectLogs
from alula.server.runner.children import Children
from alula.server.runner.lease import LEASE_US
from alula.server.runner.runner import Runner
from alula.server.services.abort import terminate_execution
from alula.server.services.launch import create_execution
from alula.server.services.messages.names import execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_task
from alula.server.services.watch import Hub
from alula.server.stores.memory.adapter import MemoryStore

AWAY = Unavailable("StoreUnreachable", "nobody answers")
FULL = ResourceExhausted("StoreDiskFull", "there is no room")


class Failing:
    """Passes calls on, but for those that it was told to let fail: before they are done, or after."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self.before: dict[str, list[Exception]] = {}
        """By the name of a call: `put`, or of a store `log.commit`."""
        self.after: dict[str, list[Exception]] = {}
        self.during: dict[str, Callable[[], Awaitable[object]]] = {}
        """What happens once, when a call is done and its answer on the way."""

    def __getattr__(self, name: str) -> Any:
        if name in CONCERNS:
            setattr(self, name, concern := _FailingConcern(self, name))
            return concern
        return self.passed_on(name, getattr(self._target, name))

    def concern(self, name: str) -> Any:
        return getattr(self._target, name)

    def passed_on(self, name: str, method: Any) -> Any:
        if not asyncio.iscoroutinefunction(method):
            return method

        async def call(*args: Any, **named: Any) -> Any:
            if self.before.get(name):
                raise self.before[name].pop(0)
            result = await method(*args, **named)
            if name in self.during:
                await self.during.pop(name)()
            if self.after.get(name):
                raise self.after[name].pop(0)
            return result

        return call


class _FailingConcern:
    def __init__(self, store: Failing, concern: str) -> None:
        self._store = store
        self._concern = concern

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store.concern(self._concern), name)
        return self._store.passed_on(f"{self._concern}.{name}", method)


def _now_us() -> int:
    return round(asyncio.get_running_loop().time() * 1e6)


class Bench:
    """A runner, once started, on a store that the test makes fail. The test itself never meets a failure."""

    def __init__(self) -> None:
        self.kept = MemoryStore(clock=_now_us)
        self.store: Any = Failing(self.kept)  # stands for all that it wraps, as do the blobs
        self.blobs: Any = Failing(MemoryBlobs())
        self.executor = ToldExecutor()
        self.platform = self._platform(self.kept)

    def _platform(self, store: Any) -> Platform:
        return Platform(
            store=store,
            blobs=self.blobs,
            logs=ObjectLogs(self.blobs),
            access=EverybodyMay(),
            hub=Hub(),
            clock=_now_us,
            random_bytes=bytes,
        )

    async def register(self) -> None:
        await self.kept.start()
        with contextlib.suppress(AlreadyExists):
            await create_task(self.platform, ADA, task("t"), Registrant())

    async def start(self) -> Runner:
        await self.register()
        platform = self._platform(self.store)
        runner = Runner(
            store=platform.store,
            executor=self.executor,
            blobs=platform.blobs,
            children=Children(platform),
            clock=platform.clock,
            runner_id="one",
            platform_id="here",
        )
        await runner.start()
        return runner

    async def launch(self, name: str = "run", **spec: Any) -> ExecutionId:
        request = execution_pb2.ExecutionCreateRequest(
            project=PROJECT, domain=DOMAIN, name=name, inputs=literal_map(x=integer(1))
        )
        request.spec.CopyFrom(execution_pb2.ExecutionSpec(**spec))
        request.spec.launch_plan.CopyFrom(identifier(identifier_pb2.TASK, "t"))
        await create_execution(self.platform, ADA, request)
        return ExecutionId(PROJECT, DOMAIN, name)

    async def abort(self, id: ExecutionId) -> None:
        request = execution_pb2.ExecutionTerminateRequest(id=execution_identifier(id), cause="enough")
        await terminate_execution(self.platform, ADA, request)

    async def phase(self, id: ExecutionId) -> ExecutionPhase:
        record = await self.kept.executions.get(id)
        assert record is not None
        return record.phase


async def soon() -> None:
    """Longer than any retry, and less than the next beat of the runner."""
    await asyncio.sleep(3)


def scenario(story: Callable[[Bench], Awaitable[None]]) -> Callable[[], None]:
    """A test that runs in virtual time, on a bench of its own."""

    def test() -> None:
        virtual_time.run(story(Bench()))  # type: ignore[arg-type]

    test.__name__ = story.__name__
    return test


@scenario
async def test_a_start_that_the_store_interrupts_is_made_up_for(bench: Bench) -> None:
    await bench.start()

    async def lose_the_store() -> None:
        bench.store.before["entities.get"] = [AWAY, AWAY]

    bench.store.during["log.commit"] = lose_the_store  # what is read between commit and start is the task
    await bench.launch()
    await soon()
    assert len(bench.executor.submitted) == 1


@scenario
async def test_what_a_lost_answer_to_a_claim_gave_is_found(bench: Bench) -> None:
    await bench.start()
    bench.store.after["ownership.claim"] = [AWAY]
    await bench.launch()
    await soon()
    assert len(bench.executor.submitted) == 1


@scenario
async def test_mail_that_comes_while_mail_is_read_is_read_next(bench: Bench) -> None:
    await bench.start()
    id = ExecutionId(PROJECT, DOMAIN, "run")

    async def abort() -> None:
        await bench.abort(id)
        await asyncio.sleep(0.1)

    bench.store.during["inbox.read"] = abort
    await bench.launch()
    await soon()
    assert await bench.phase(id) is ExecutionPhase.ABORTED


@scenario
async def test_an_attempt_is_stopped_although_the_answer_to_the_commit_was_lost(bench: Bench) -> None:
    await bench.start()
    id = await bench.launch()
    await soon()
    bench.store.after["log.commit"] = [AWAY]
    await bench.abort(id)
    await soon()
    assert await bench.phase(id) is ExecutionPhase.ABORTED
    assert bench.executor.cancelled == bench.executor.submitted


@scenario
async def test_what_arrives_while_the_answer_to_a_commit_is_lost_is_kept(bench: Bench) -> None:
    await bench.start()
    id = await bench.launch()
    await soon()
    (attempt,) = bench.executor.submitted
    bench.store.after["log.commit"] = [AWAY]
    bench.executor.run(attempt)
    await asyncio.sleep(0.3)
    bench.executor.succeed(attempt, 7)
    await soon()
    assert await bench.phase(id) is ExecutionPhase.SUCCEEDED


@scenario
async def test_a_refused_commit_is_looked_into_again_when_the_store_is_back(bench: Bench) -> None:
    await bench.start()
    id = await bench.launch()
    await soon()
    (attempt,) = bench.executor.submitted
    bench.store.after["log.commit"] = [AWAY]
    bench.store.before["ownership.owner"] = [AWAY]
    bench.store.before["log.histories"] = [AWAY]
    bench.executor.succeed(attempt, 7)
    await soon()
    assert await bench.phase(id) is ExecutionPhase.SUCCEEDED
    await bench.launch("next")
    await soon()
    assert len(bench.executor.submitted) == 2


@scenario
async def test_an_end_is_acknowledged_although_the_answer_to_its_commit_was_lost(bench: Bench) -> None:
    await bench.start()
    id = await bench.launch()
    await soon()
    bench.store.after["log.commit"] = [AWAY]
    bench.executor.succeed(bench.executor.submitted[0], 7)
    await soon()
    assert await bench.phase(id) is ExecutionPhase.SUCCEEDED
    assert bench.executor.acknowledged == bench.executor.submitted


@scenario
async def test_a_runner_that_stood_still_while_its_execution_was_taken_over_starts_nothing(bench: Bench) -> None:
    await bench.start()
    await bench.register()

    async def stand_still() -> None:
        bench.store.before["ownership.renew"] = [AWAY] * 6
        await asyncio.sleep(2 * LEASE_US / 1e6)
        bench.store.before["ownership.renew"] = []
        await bench.kept.ownership.claim("rival", now=_now_us(), lease_us=LEASE_US, limit=1)

    bench.store.during["log.commit"] = stand_still
    id = await bench.launch()
    await asyncio.sleep(3 * LEASE_US / 1e6)
    assert await bench.kept.ownership.owner(id) == "rival"
    assert bench.executor.submitted == []


@scenario
async def test_a_runner_that_stood_still_and_lost_nothing_goes_on(bench: Bench) -> None:
    await bench.start()

    async def stand_still() -> None:
        bench.store.before["ownership.renew"] = [AWAY] * 6
        await asyncio.sleep(2 * LEASE_US / 1e6)
        bench.store.before["ownership.renew"] = []

    bench.store.during["log.commit"] = stand_still
    await bench.launch()
    await asyncio.sleep(3 * LEASE_US / 1e6)
    assert len(bench.executor.submitted) == 1


@scenario
async def test_what_is_let_go_of_holds_what_was_reported_and_is_not_durable(bench: Bench) -> None:
    await bench.start()
    id = await bench.launch()
    await soon()
    (attempt,) = bench.executor.submitted

    bench.store.before["log.commit"] = [AWAY] * 100
    bench.executor.succeed(attempt, 7)
    await asyncio.sleep(1)
    bench.kept.runs[id].owner = "rival"
    await asyncio.sleep(LEASE_US / 1e6)
    assert (bench.executor.released, bench.executor.acknowledged) == ([attempt], [])


@scenario
async def test_a_full_disk_does_not_end_the_lease(bench: Bench) -> None:
    await bench.start()
    bench.store.before["ownership.renew"] = [FULL]
    await asyncio.sleep(2 * LEASE_US / 1e6)
    now = bench.platform.clock()
    id = await bench.launch()
    await soon()
    assert await bench.kept.ownership.claim("rival", now=now, lease_us=1, limit=1) == []
    assert await bench.kept.ownership.owner(id) == "one"


@scenario
async def test_an_abort_that_was_acknowledged_comes_before_a_success(bench: Bench) -> None:
    await bench.start()
    id = await bench.launch()
    await soon()

    async def both() -> None:
        await bench.abort(id)
        bench.executor.succeed(bench.executor.submitted[0], 7)

    bench.store.during["inbox.read"] = both
    answer = events.SignalSet(0, "nobody's", b"")
    await bench.kept.inbox.post(id, events.encode(answer), bench.platform.audit(ADA, "signal", "run"))
    await soon()
    assert await bench.phase(id) is ExecutionPhase.ABORTED


@scenario
async def test_an_end_that_could_not_be_written_yields_to_an_abort(bench: Bench) -> None:
    await bench.start()
    id = await bench.launch()
    await soon()
    bench.store.before["log.commit"] = [AWAY, AWAY]
    bench.executor.succeed(bench.executor.submitted[0], 7)
    await asyncio.sleep(0.1)
    await bench.abort(id)
    await soon()
    assert await bench.phase(id) is ExecutionPhase.ABORTED


@scenario
async def test_a_graph_that_can_not_be_kept_is_kept_later(bench: Bench) -> None:
    await bench.start()
    await bench.launch()
    await soon()
    (attempt,) = bench.executor.submitted
    of = graphs.task("made")
    job = dynamic_job_pb2.DynamicJobSpec(
        nodes=[graphs.task_node("dn0", of, x=".x")], tasks=[of], outputs=[graphs.binding("o0", "dn0.o0")]
    )
    bench.blobs.before["put"] = [FULL]
    assert bench.executor.sink is not None
    bench.executor.sink(AttemptUpdate(attempt, 1, "SUCCEEDED", futures=job.SerializeToString()))
    await soon()
    assert [each.node_id for each in bench.executor.submitted] == [attempt.node_id, f"{attempt.node_id}-0-dn0"]


@scenario
async def test_a_child_whose_parent_has_ended_is_aborted(bench: Bench) -> None:
    await bench.start()
    parent = await bench.launch("parent")
    await soon()
    (attempt,) = bench.executor.submitted
    bench.executor.succeed(attempt, 7)
    node = {"node_id": attempt.node_id, "execution_id": execution_identifier(parent)}
    child = await bench.launch("child", metadata={"parent_node_execution": node})
    await soon()
    assert await bench.phase(child) is ExecutionPhase.RUNNING
    await asyncio.sleep(LEASE_US / 1e6)
    assert await bench.phase(child) is ExecutionPhase.ABORTED
    *_, last = [events.decode(event) for event in await bench.kept.log.read(child)]
    assert isinstance(last, events.AbortRequested) and "has ended: SUCCEEDED" in last.cause


@scenario
async def test_a_child_that_a_crash_kept_from_being_aborted_is_aborted_at_the_next_start(bench: Bench) -> None:
    crashed = await bench.start()
    parent = await bench.launch("parent")
    await soon()
    (attempt,) = bench.executor.submitted
    bench.executor.succeed(attempt, 7)
    await soon()
    await crashed.stop()
    node = {"node_id": attempt.node_id, "execution_id": execution_identifier(parent)}
    child = await bench.launch("child", metadata={"parent_node_execution": node})
    await bench.start()
    await soon()
    assert await bench.phase(child) is ExecutionPhase.ABORTED
